/** Words for the personal settings, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IDeviceAuth, IRuntimeConfig } from '../api/personal';
import { ago } from './words';

/** How a state is marked, beside its words. */
export type Sign = 'good' | 'busy' | 'none' | 'bad';

/** What kind of login is saved. */
export function authKindWord(
  trans: TranslationBundle,
  config: IRuntimeConfig
): string {
  switch (config.auth_kind) {
    case 'chatgpt':
      return trans.__('ChatGPT login');
    case 'api_key':
      return trans.__('API key');
    case null:
      return trans.__('unknown kind');
  }
}

/** The start of a digest, enough to tell two files apart. */
export function shortDigest(digest: string | null): string {
  return digest ? digest.slice(0, 12) : '';
}

/** How the login file stands on a device; `sends`: devices without one get the saved one. */
export function fileWord(
  trans: TranslationBundle,
  auth: IDeviceAuth,
  now: number,
  sends: boolean
): { word: string; sign: Sign } {
  switch (auth.status) {
    case 'unknown':
      return { word: trans.__('Not reported yet'), sign: 'none' };
    case 'present':
      return {
        word: sends
          ? trans.__('Skipped: has its own, which is kept')
          : trans.__('Has a login'),
        sign: 'good'
      };
    case 'missing':
      return { word: trans.__('Has none'), sign: 'none' };
    case 'writing':
      return { word: trans.__('Is being sent…'), sign: 'busy' };
    case 'written':
      return {
        word: auth.synced_at
          ? trans.__('Got the saved one, %1', ago(trans, auth.synced_at, now))
          : trans.__('Got the saved one'),
        sign: 'good'
      };
    case 'skipped_existing':
      return {
        word: trans.__('Skipped: has its own, which is kept'),
        sign: 'good'
      };
    case 'failed':
      return { word: trans.__('Could not be written'), sign: 'bad' };
  }
}

/** What the switch does, as things stand. */
export function ownLoginHelp(
  trans: TranslationBundle,
  config: IRuntimeConfig
): string {
  if (!config.use_user_config) {
    return trans.__(
      'Off: Codex uses the default model of Models where there is one, and its own login on the device otherwise. Nothing is sent to devices.'
    );
  }
  return config.configured
    ? trans.__(
        'On: Codex uses the login that it has on the device. A device that reports that it has none gets the saved one; a login that is there is never overwritten.'
      )
    : trans.__(
        'On: Codex uses the login that it has on the device. No login is saved that could be sent to devices without one.'
      );
}

/** Whether importing this, or anything, would break a login that is in use elsewhere. */
export function warnsOfCopies(config: IRuntimeConfig): boolean {
  return !(config.configured && config.auth_kind === 'api_key');
}

/** Why the proxy cannot be switched on, or what it does. */
export function proxyHelp(
  trans: TranslationBundle,
  config: IRuntimeConfig
): string {
  return config.proxy_configured
    ? trans.__(
        'Codex, and nothing else, gets it as HTTP_PROXY, HTTPS_PROXY and ALL_PROXY. Addresses of the device itself are reached directly.'
      )
    : trans.__('Save a proxy first.');
}
