/** A model provider that is being written down. */

import type { TranslationBundle } from '@jupyterlab/translation';

import {
  MAX_MODELS,
  type ICreateProvider,
  type IProvider,
  type IUpdateProvider,
  type ProviderKind
} from '../api/models';

const NAME = /^[a-z0-9][a-z0-9._-]{0,39}$/;
const MODEL = /^[!-~]{1,150}$/;

export interface IProviderDraft {
  name: string;
  kind: ProviderKind;
  baseUrl: string;
  /** Empty: none, or the saved one. */
  key: string;
  /** The saved key goes. */
  dropsKey: boolean;
  /** One name on each line. */
  models: string;
  /** Empty: none. */
  defaultModel: string;
}

export type DraftField = 'name' | 'baseUrl' | 'key' | 'models';

export function newProvider(kind: ProviderKind = 'anthropic'): IProviderDraft {
  return {
    name: '',
    kind,
    baseUrl: '',
    key: '',
    dropsKey: false,
    models: '',
    defaultModel: ''
  };
}

export function providerDraft(provider: IProvider): IProviderDraft {
  return {
    name: provider.name,
    kind: provider.kind,
    baseUrl: provider.base_url,
    key: '',
    dropsKey: false,
    models: provider.models.join('\n'),
    defaultModel: provider.default_model ?? ''
  };
}

/** The names of models in a text: one on each line, or with spaces or commas between them. */
export function modelNames(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter(Boolean))];
}

/** The default model while it is one of the models. */
export function defaultOf(draft: IProviderDraft): string {
  return modelNames(draft.models).includes(draft.defaultModel)
    ? draft.defaultModel
    : '';
}

/** What is wrong, or missing, in words; empty where it can be sent. The gateway knows the rest. */
export function wrong(
  trans: TranslationBundle,
  draft: IProviderDraft,
  saved: IProvider | null
): Partial<Record<DraftField, string>> {
  const found: Partial<Record<DraftField, string>> = {};
  if (!NAME.test(draft.name)) {
    found.name = trans.__(
      'Small letters, digits, dots, dashes and underscores, up to 40; the first is a letter or a digit.'
    );
  }
  const url = draft.baseUrl.trim();
  if (url && !isAddress(url)) {
    found.baseUrl = trans.__(
      'An address begins with http:// or https:// and has no key in it.'
    );
  } else if (needsKeyAgain(draft, saved)) {
    found.key = trans.__(
      'Give the key again: the saved one is for the old address.'
    );
  }
  const names = modelNames(draft.models);
  const odd = names.find(name => !MODEL.test(name));
  if (names.length === 0) {
    found.models = trans.__('Name at least one model.');
  } else if (names.length > MAX_MODELS) {
    found.models = trans.__('Up to %1 models.', MAX_MODELS);
  } else if (odd !== undefined) {
    found.models = trans.__('“%1” is not the name of a model.', odd);
  }
  return found;
}

/** A saved key is never sent to another address unasked. */
export function needsKeyAgain(
  draft: IProviderDraft,
  saved: IProvider | null
): boolean {
  return (
    saved !== null &&
    saved.has_key &&
    !draft.key.trim() &&
    !draft.dropsKey &&
    address(draft) !== saved.base_url
  );
}

export function creation(draft: IProviderDraft): ICreateProvider {
  return {
    name: draft.name,
    kind: draft.kind,
    base_url: address(draft),
    key: draft.key.trim(),
    models: modelNames(draft.models),
    default_model: defaultOf(draft) || null
  };
}

/** What is to be changed of a saved one. */
export function changes(
  draft: IProviderDraft,
  saved: IProvider
): IUpdateProvider {
  const models = modelNames(draft.models);
  const key = draft.key.trim();
  const url = address(draft);
  const chosen = defaultOf(draft);
  return {
    ...(url !== saved.base_url && { base_url: url }),
    ...((key || draft.dropsKey) && { key: draft.dropsKey ? '' : key }),
    ...(models.join('\n') !== saved.models.join('\n') && { models }),
    ...(chosen !== (saved.default_model ?? '') && { default_model: chosen })
  };
}

function address(draft: IProviderDraft): string {
  return draft.baseUrl.trim().replace(/\/+$/, '');
}

function isAddress(text: string): boolean {
  try {
    const { protocol, hostname, username, password } = new URL(text);
    const web = protocol === 'http:' || protocol === 'https:';
    return web && hostname !== '' && username === '' && password === '';
  } catch {
    return false;
  }
}
