import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { CELLS } from '../components/card/seen';
import { TaskCardView } from '../components/card/TaskCardView';
import type { IFace } from '../components/face';
import { RenderMimeContext } from '../components/Rendered';
import { CARD_TYPE, readCard } from '../model/card';
import { LiveCard } from '../model/liveCard';
import { FaceWidget } from './faceWidget';

/** How far beyond the visible part of a notebook cards are live, in px. */
const MARGIN = '600px 0px';

/** Characters of the output's own words that stand in for a card that cannot be read. */
const MAX_FALLBACK = 5_000;

/** JupyterLab's shortcuts leave alone what is pressed within. */
const OWN_KEYS = 'data-lm-suppress-shortcuts';

/** JupyterLab's own command, which Notebook has, too. */
const SAVE = 'docmanager:save';

/** A task in the output of a cell: live while somebody can see it, a saved copy else. */
export class TaskCard extends FaceWidget implements IRenderMime.IRenderer {
  constructor(face: IFace, rendermime: IRenderMimeRegistry) {
    const live = new LiveCard(face.gateway);
    const fallback = { text: '' };
    super(
      face,
      <RenderMimeContext.Provider value={rendermime}>
        <TaskCardView live={live} fallback={() => fallback.text} />
      </RenderMimeContext.Provider>
    );
    this.live = live;
    this.fallback = fallback;
    this.addClass('wegent-TaskCard');
    this.node.setAttribute(OWN_KEYS, 'true');
    this.node.addEventListener('keydown', event => {
      // Saving the notebook works while a reply is written in it.
      if (event.key === 's' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        void face.commands.execute(SAVE);
      }
    });
  }

  async renderModel({ data }: IRenderMime.IMimeModel): Promise<void> {
    const text = data['text/plain'];
    this.fallback.text =
      typeof text === 'string' ? text.slice(0, MAX_FALLBACK) : '';
    this.live.show(readCard(data[CARD_TYPE]));
    await this.renderPromise;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.observer?.disconnect();
      this.live.dispose();
      super.dispose();
    }
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this.observer = new IntersectionObserver(
      entries => {
        this.live.near = entries.at(-1)?.isIntersecting === true;
      },
      // A margin counts only around what scrolls by itself.
      { root: this.node.closest(CELLS), rootMargin: MARGIN }
    );
    this.observer.observe(this.node);
  }

  protected override onBeforeDetach(msg: Message): void {
    this.observer?.disconnect();
    this.live.near = false;
    super.onBeforeDetach(msg);
  }

  private readonly live: LiveCard;
  private readonly fallback: { text: string };
  private observer: IntersectionObserver | null = null;
}
