/** Words for model providers, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IProvider, ProviderKind } from '../api/models';

/** Which API it speaks. */
export function kindWord(trans: TranslationBundle, kind: ProviderKind): string {
  return {
    anthropic: trans.__('Anthropic Messages'),
    openai: trans.__('OpenAI Responses')
  }[kind];
}

/** The agent that can use it. */
export function kindAgent(
  trans: TranslationBundle,
  kind: ProviderKind
): string {
  return { anthropic: trans.__('Claude Code'), openai: trans.__('Codex') }[
    kind
  ];
}

/** By whose account its models answer. */
export function accountWord(
  trans: TranslationBundle,
  provider: IProvider
): string {
  const { has_key, base_url, kind } = provider;
  if (has_key) {
    return trans.__('Key saved');
  }
  return base_url
    ? trans.__('No key')
    : trans.__("%1's own login", kindAgent(trans, kind));
}

/** What becomes of a provider without key and address. */
export function withoutAccount(
  trans: TranslationBundle,
  kind: ProviderKind
): string {
  return trans.__(
    'Without key and address it only names models: %1 uses the login that it has on the device.',
    kindAgent(trans, kind)
  );
}
