import * as React from 'react';

import type { IFace } from '../components/face';
import {
  SettingsView,
  type Section
} from '../components/settings/SettingsView';
import { wegentIcon } from '../icons';
import { Cell } from '../model/observable';
import { FaceWidget } from './faceWidget';

/** The settings, in the main area. */
export class SettingsTab extends FaceWidget {
  constructor(
    face: IFace,
    readonly section = new Cell<Section>('connections')
  ) {
    super(face, <SettingsView section={section} />);
    this.addClass('wegent-SettingsTab');
    this.title.icon = wegentIcon;
    this.title.closable = true;
    this.title.label = face.trans.__('Wegent Settings');
  }
}
