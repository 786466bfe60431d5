import { MainAreaWidget } from '@jupyterlab/apputils';
import * as React from 'react';

import { TerminalBanner } from '../components/TerminalBanner';
import { DeviceTerminal, type IDeviceTerminalOptions } from './deviceTerminal';
import { FaceWidget } from './faceWidget';

/** A terminal with a banner that says how it stands. */
export class TerminalTab extends MainAreaWidget<DeviceTerminal> {
  constructor(options: IDeviceTerminalOptions) {
    const content = new DeviceTerminal(options);
    const { translator, face, view } = options;
    super({ content, reveal: content.ready, translator });
    this.toolbar.hide();
    this.banner = new FaceWidget(
      face,
      <TerminalBanner
        view={view}
        onRenewed={() => content.activate()}
        onHeight={height => this.giveRoom(height)}
      />
    );
    this.banner.addClass('wegent-TerminalBanner');
    this.contentHeader.addClass('wegent-TerminalHeader');
    this.contentHeader.addWidget(this.banner);
    view.state.changed.connect(() => this.giveRoom(this.height));
  }

  /** A shell that lives must not be resized by a banner that comes and goes. */
  private giveRoom(height: number): void {
    this.height = height;
    const { style } = this.banner.node;
    const isOver = this.content.view.state.value.kind === 'ended';
    const room = isOver ? `${height}px` : '';
    if (style.minHeight !== room) {
      style.minHeight = room;
      this.contentHeader.fit();
    }
  }

  private height = 0;
  private readonly banner: FaceWidget;
}
