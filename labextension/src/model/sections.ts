/** The sections of the settings tab. */

import type { TranslationBundle } from '@jupyterlab/translation';

export const SECTIONS = [
  'connections',
  'models',
  'skills',
  'tokens',
  'codex',
  'proxy'
] as const;

export type Section = (typeof SECTIONS)[number];

/** Those that are about the person rather than the machines. */
export const PERSONAL: readonly Section[] = ['codex', 'proxy'];

/** As it is called in the tab. */
export function sectionName(
  trans: TranslationBundle,
  section: Section
): string {
  return {
    connections: trans.__('Connections'),
    models: trans.__('Models'),
    skills: trans.__('Skills'),
    tokens: trans.__('API tokens'),
    codex: trans.__('Codex'),
    proxy: trans.__('Proxy')
  }[section];
}

/** As the command that opens it is called. */
export function sectionCommand(
  trans: TranslationBundle,
  section: Section | undefined
): string {
  switch (section) {
    case undefined:
      return trans.__('Wegent Settings');
    case 'tokens':
      return trans.__('API Tokens');
    case 'codex':
      return trans.__('Personal: Codex');
    case 'proxy':
      return trans.__('Personal: Proxy');
    default:
      return sectionName(trans, section);
  }
}
