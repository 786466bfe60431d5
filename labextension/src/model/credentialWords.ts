/** Words for credentials, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { CredentialKind, ICredential } from '../api/access';

export function kindWord(
  trans: TranslationBundle,
  kind: CredentialKind
): string {
  return {
    token: trans.__('API token'),
    key: trans.__('Long-lived key'),
    join: trans.__('Join code'),
    device: trans.__('Device key')
  }[kind];
}

/** How long it is good, and for what. */
export function kindHelp(
  trans: TranslationBundle,
  kind: CredentialKind
): string {
  return {
    token: trans.__('Good for 7 days.'),
    key: trans.__('Good until you revoke it.'),
    join: trans.__('Lets one machine in, once, within 15 minutes.'),
    device: trans.__('Good for one device.')
  }[kind];
}

/** What happens when it is revoked. */
export function revokeText(
  trans: TranslationBundle,
  { kind }: ICredential
): string {
  switch (kind) {
    case 'device':
      return trans.__(
        'The device is disconnected at once. What runs there counts as lost, and it cannot connect again until somebody lets it in anew.'
      );
    case 'join':
      return trans.__('No machine can join with this code any more.');
    default:
      return trans.__(
        'Whatever uses it is disconnected at once. This cannot be taken back.'
      );
  }
}
