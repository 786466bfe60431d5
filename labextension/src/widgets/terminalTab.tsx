import { MainAreaWidget } from '@jupyterlab/apputils';
import * as React from 'react';

import { TerminalBanner } from '../components/TerminalBanner';
import { DeviceTerminal, type IDeviceTerminalOptions } from './deviceTerminal';
import { FaceWidget } from './faceWidget';

/** In the banner of a terminal that is over: it takes room of its own. */
const ENDED = 'wegent-mod-ended';

/** A terminal with a banner that says how it stands. */
export class TerminalTab extends MainAreaWidget<DeviceTerminal> {
  constructor(options: IDeviceTerminalOptions) {
    const content = new DeviceTerminal(options);
    const { translator, face, view } = options;
    super({ content, reveal: content.ready, translator });
    this.toolbar.hide();
    this.banner = new FaceWidget(
      face,
      <TerminalBanner view={view} onRenewed={() => content.activate()} />
    );
    this.banner.addClass('wegent-TerminalBanner');
    this.contentHeader.addClass('wegent-TerminalHeader');
    this.contentHeader.addWidget(this.banner);
    view.state.changed.connect(this.onState, this);
  }

  /** A shell that lives must not be resized by a banner that comes and goes. */
  private onState(): void {
    const { kind } = this.content.view.state.value;
    const isOver = kind === 'ended';
    if (isOver !== this.banner.hasClass(ENDED)) {
      this.banner.toggleClass(ENDED, isOver);
      this.contentHeader.fit();
    }
  }

  private readonly banner: FaceWidget;
}
