import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { Gateway } from '../model/gateway';
import type { Notebooks } from '../model/notebooks';

/** What components reach for wherever they are. */
export interface IFace {
  gateway: Gateway;
  notebooks: Notebooks;
  trans: TranslationBundle;
  commands: CommandRegistry;
}

export const FaceContext = React.createContext<IFace | null>(null);

export function useFace(): IFace {
  const face = React.useContext(FaceContext);
  if (!face) {
    throw new Error('A Wegent component outside of FaceContext');
  }
  return face;
}

export function useTrans(): TranslationBundle {
  return useFace().trans;
}
