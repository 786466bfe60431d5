import * as React from 'react';

import type { IFace } from '../components/face';
import { SettingsView } from '../components/settings/SettingsView';
import { wegentIcon } from '../icons';
import { Cell } from '../model/observable';
import type { Section } from '../model/sections';
import { FaceWidget } from './faceWidget';

/** The settings, in the main area. */
export class SettingsTab extends FaceWidget {
  constructor(
    face: IFace,
    readonly section = new Cell<Section>('connections'),
    readonly device = new Cell<string | null>(null)
  ) {
    super(face, <SettingsView section={section} device={device} />);
    this.addClass('wegent-SettingsTab');
    this.title.icon = wegentIcon;
    this.title.closable = true;
    this.title.label = face.trans.__('Wegent Settings');
  }
}
