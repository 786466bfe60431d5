import * as React from 'react';

import type { ICreatedCredential, ICredential } from '../../api/access';
import { confirmed } from '../confirm';
import { kindWord, revokeText } from '../../model/credentialWords';
import { unhidden } from '../../model/text';
import { ago, inFuture } from '../../model/words';
import { useFace } from '../face';
import { useAction, useDevice, useLoaded, useNow } from '../hooks';
import { Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import { NewToken } from './NewToken';
import { Secret } from './Secret';

/** Secrets that were given out, and how to make another one. */
export function Tokens(): React.ReactElement {
  const { gateway, trans } = useFace();
  const load = React.useCallback(() => gateway.access.credentials(), [gateway]);
  const { value, problem, reload } = useLoaded(load);
  const [made, setMade] = React.useState<ICreatedCredential | null>(null);
  const now = useNow(30_000);
  return (
    <section className="wegent-Settings" aria-labelledby="wegent-tokens">
      <header>
        <h2 id="wegent-tokens">{trans.__('API tokens')}</h2>
      </header>
      <p className="wegent-Hint">
        {trans.__(
          'For scripts, and for machines that bring a token instead of asking. A token stands for you: whoever has it can run agents on your devices.'
        )}
      </p>
      {made ? (
        <Secret made={made} onDone={() => setMade(null)} />
      ) : (
        <NewToken
          onMade={created => {
            setMade(created);
            void reload();
          }}
        />
      )}
      <Thrown error={problem} />
      {value && value.items.length > 0 && (
        <table className="wegent-Table">
          <thead>
            <tr>
              <th>{trans.__('Name')}</th>
              <th>{trans.__('Kind')}</th>
              <th>{trans.__('Made')}</th>
              <th>{trans.__('Last used')}</th>
              <th>{trans.__('Expires')}</th>
              <th>
                <span className="jp-sr-only">{trans.__('Actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {value.items.map(credential => (
              <Line
                key={credential.id}
                credential={credential}
                now={now}
                onRevoked={() => {
                  setMade(made?.id === credential.id ? null : made);
                  return reload();
                }}
              />
            ))}
          </tbody>
        </table>
      )}
      {value?.items.length === 0 && (
        <p className="wegent-Hint">{trans.__('Nothing was given out yet.')}</p>
      )}
    </section>
  );
}

function Line(props: {
  credential: ICredential;
  now: number;
  onRevoked: () => Promise<void>;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { credential, now, onRevoked } = props;
  const { created_at, expires_at, last_used_at } = credential;
  // A device's key has the name that the device gave itself.
  const name = unhidden(credential.name);
  const device = useDevice(credential.device_id ?? undefined);
  const { busy, problem, run } = useAction();
  const revoke = async (): Promise<void> => {
    const title = trans.__('Revoke %1?', name);
    const text = revokeText(trans, credential);
    if (await confirmed(trans, title, text, trans.__('Revoke'))) {
      await gateway.access.revoke(credential.id);
      await onRevoked();
    }
  };
  return (
    <tr data-credential-id={credential.id} data-kind={credential.kind}>
      <th scope="row">
        <span className="wegent-Title">{name}</span>
        {credential.device_id && (
          <span className="wegent-Small">
            {device?.name ?? unhidden(credential.device_id)}
          </span>
        )}
      </th>
      <td>{kindWord(trans, credential.kind)}</td>
      <td>{ago(trans, created_at, now)}</td>
      <td>
        {last_used_at ? ago(trans, last_used_at, now) : trans.__('never')}
      </td>
      <td>
        {expires_at ? inFuture(trans, expires_at, now) : trans.__('never')}
      </td>
      <td>
        <PushButton
          text={trans.__('Revoke…')}
          title={trans.__('Revoke %1', name)}
          disabled={busy}
          onClick={() => run(revoke)}
        />
        <Thrown error={problem} />
      </td>
    </tr>
  );
}
