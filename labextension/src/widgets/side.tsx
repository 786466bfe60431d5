import type { ITranslator } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import { MessageLoop, type Message } from '@lumino/messaging';
import { AccordionPanel, Widget, type PanelLayout } from '@lumino/widgets';
import * as React from 'react';

import { DeviceList } from '../components/DeviceList';
import type { IFace } from '../components/face';
import { SidePanelTop } from '../components/SidePanelTop';
import { TaskList } from '../components/TaskList';
import { wegentIcon } from '../icons';
import type { Observable } from '../model/observable';
import type { IWegentSettings } from '../tokens';
import { FaceWidget } from './faceWidget';

/** The sidebar: composer on top, tasks and devices below. */
export class WegentSide extends SidePanel {
  constructor(options: {
    face: IFace;
    settings: IWegentSettings;
    folder: Observable<string | null>;
    translator: ITranslator;
  }) {
    super({ translator: options.translator });
    const { face, settings, folder } = options;
    const { trans } = face;
    this.id = 'wegent-side';
    this.addClass('wegent-Side');
    this.title.icon = wegentIcon;
    this.title.caption = trans.__('Wegent: agents on your computers');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Wegent'));

    this.top = new FaceWidget(
      face,
      <SidePanelTop settings={settings} folder={folder} />
    );
    this.top.addClass('wegent-SideTop');
    (this.layout as PanelLayout).insertWidget(0, this.top);
    this.addSection(face, trans.__('Tasks'), <TaskList />);
    this.addSection(face, trans.__('Devices'), <DeviceList />);
    if (this.content instanceof AccordionPanel) {
      this.content.handleMoved.connect(() => (this.arranged = true));
    }
    this.resized = new ResizeObserver(() => this.fitSections());
    this.resized.observe(this.content.node);
  }

  /** Put the cursor where the next message is written. */
  focusComposer(): void {
    this.top.node.querySelector('textarea')?.focus();
  }

  override dispose(): void {
    this.resized.disconnect();
    super.dispose();
  }

  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.focusComposer();
  }

  private addSection(
    face: IFace,
    label: string,
    content: React.ReactElement
  ): void {
    const section = new FaceWidget(face, content);
    section.addClass('wegent-Section');
    section.title.label = label;
    this.addWidget(section);
  }

  /**
   * The part above grows and shrinks with what it shows, which Lumino's layout does not see.
   * Lumino takes the same from each section, which leaves the smaller one nothing: share anew until the user does.
   */
  private fitSections(): void {
    if (!this.arranged && this.content instanceof AccordionPanel) {
      this.content.setRelativeSizes([3, 2]);
    }
    MessageLoop.sendMessage(this.content, Widget.ResizeMessage.UnknownSize);
  }

  private readonly top: FaceWidget;
  private readonly resized: ResizeObserver;
  private arranged = false;
}
