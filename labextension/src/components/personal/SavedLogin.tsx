import * as React from 'react';

import type { IDeviceAuth, IRuntimeConfig } from '../../api/personal';
import type { IDevice } from '../../api/types';
import { readAuth } from '../../model/authFile';
import { present } from '../../model/devices';
import {
  authKindWord,
  ownLoginHelp,
  shortDigest,
  warnsOfCopies
} from '../../model/personalWords';
import { ago } from '../../model/words';
import { confirmed } from '../confirm';
import { DevicePicker } from '../DevicePicker';
import { useFace } from '../face';
import { useAction, useNow, useValue } from '../hooks';
import { Problem, Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import { Switch } from '../Switch';
import type { useCodexConfig } from './useCodexConfig';

interface ISavedProps {
  config: IRuntimeConfig;
  from: ReturnType<typeof useCodexConfig>;
  logins: readonly IDeviceAuth[];
}

/** The login that is saved for devices without one: what is known of it, where it comes from, and the switch. */
export function SavedLogin(props: ISavedProps): React.ReactElement {
  const { trans } = useFace();
  const { config, from } = props;
  return (
    <section className="wegent-Part" aria-labelledby="wegent-codex-saved">
      <h3 id="wegent-codex-saved">
        {trans.__('One login for several devices')}
      </h3>
      <Switch
        label={trans.__('Use personal configuration')}
        on={config.use_user_config}
        help={ownLoginHelp(trans, config)}
        onChange={on => from.change({ use_user_config: on })}
      />
      {config.problem && <Problem message={config.problem} />}
      <Known config={config} />
      {config.upload_allowed ? (
        <Sources {...props} />
      ) : (
        <p className="wegent-Hint" data-level="warning">
          {trans.__(
            'This server saves no logins: its operator has switched that off. Log in on each device.'
          )}
        </p>
      )}
    </section>
  );
}

/** What is known of the saved login; never the login. */
function Known(props: { config: IRuntimeConfig }): React.ReactElement {
  const { trans } = useFace();
  const { config } = props;
  const now = useNow(30_000);
  const saved = config.auth_json_updated_at;
  return (
    <dl className="wegent-Known">
      <dt>{trans.__('Saved login')}</dt>
      <dd data-configured={config.configured}>
        {config.configured ? authKindWord(trans, config) : trans.__('none')}
      </dd>
      {config.configured && (
        <>
          <dt>{trans.__('Digest')}</dt>
          <dd className="wegent-mod-code" title={config.auth_json_sha256 ?? ''}>
            {shortDigest(config.auth_json_sha256)}
          </dd>
          <dt>{trans.__('Saved')}</dt>
          <dd title={saved ?? undefined}>
            {saved ? ago(trans, saved, now) : '–'}
          </dd>
        </>
      )}
      <dt>{trans.__('Path on devices')}</dt>
      <dd className="wegent-mod-code">{config.target_path}</dd>
    </dl>
  );
}

function Sources({ config, from, logins }: ISavedProps): React.ReactElement {
  const { gateway, trans } = useFace();
  const rest = gateway.personalRest;
  const { busy, problem, run } = useAction();
  const input = React.useRef<HTMLInputElement>(null);
  const save = (store: () => Promise<unknown>): void =>
    run(async () => {
      if (await mayReplace()) {
        await store();
        await from.reload();
      }
    });
  return (
    <>
      {warnsOfCopies(config) && <CopyWarning />}
      <Import
        busy={busy}
        logins={logins}
        onImport={id => save(() => rest.importFrom(id))}
      />
      <div className="wegent-Buttons">
        <input
          ref={input}
          type="file"
          accept=".json,application/json"
          hidden
          aria-label={trans.__('auth.json of Codex')}
          onChange={({ target }) => {
            const file = target.files?.[0];
            if (file) {
              save(async () => rest.upload(await readAuth(trans, file)));
            }
            // The same file may be chosen again.
            target.value = '';
          }}
        />
        <PushButton
          text={trans.__('Upload auth.json…')}
          title={trans.__(
            'From the computer on which this browser runs, such as ~/.codex/auth.json'
          )}
          disabled={busy}
          onClick={() => input.current?.click()}
        />
        {config.configured && (
          <PushButton
            text={trans.__('Forget…')}
            title={trans.__('Forget the saved login')}
            disabled={busy}
            onClick={() =>
              run(async () => {
                if (await forgets()) {
                  await rest.forget();
                  await from.reload();
                }
              })
            }
          />
        )}
      </div>
      <Thrown error={problem} />
    </>
  );

  function mayReplace(): Promise<boolean> {
    return config.configured
      ? confirmed(
          trans,
          trans.__('Replace the saved login?'),
          trans.__(
            'Devices that have got it keep theirs; only devices without one get the new one.'
          ),
          trans.__('Replace')
        )
      : Promise.resolve(true);
  }

  function forgets(): Promise<boolean> {
    return confirmed(
      trans,
      trans.__('Forget the saved login?'),
      trans.__(
        'It is deleted from this server. Devices that have got it keep theirs.'
      ),
      trans.__('Forget')
    );
  }
}

function CopyWarning(): React.ReactElement {
  const { trans } = useFace();
  return (
    <p className="wegent-Hint wegent-CopyWarning" data-level="warning">
      <strong>{trans.__('A ChatGPT login breaks when it is copied.')}</strong>{' '}
      {trans.__(
        'Codex renews it from time to time, and that can be done once: with the same login on two machines, the first that renews it logs both out. Log in on each device instead, or copy an API key, which is not renewed.'
      )}
    </p>
  );
}

/** Takes the login of a device that is online and has one. */
function Import(props: {
  busy: boolean;
  logins: readonly IDeviceAuth[];
  onImport: (id: string) => void;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const offers = (device: IDevice): boolean =>
    present(device) &&
    props.logins.some(
      one => one.device_id === device.device_id && one.exists !== false
    );
  const devices = useValue(gateway.devices).filter(offers);
  const [picked, pick] = React.useState<string | null>(null);
  const device = devices.find(one => one.device_id === picked) ?? devices[0];
  const none = trans.__('No device that is online has a login.');
  return (
    <div className="wegent-Row wegent-Import">
      <span className="wegent-Label">{trans.__('From a device')}</span>
      <DevicePicker
        device={device}
        queues={false}
        offers={offers}
        onPick={pick}
      />
      <PushButton
        text={trans.__('Import')}
        title={
          device
            ? trans.__('Save the login that Codex has on %1', device.name)
            : none
        }
        disabled={props.busy || !device}
        onClick={() => {
          if (device) {
            props.onImport(device.device_id);
          }
        }}
      />
      {!device && <span className="wegent-Hint">{none}</span>}
    </div>
  );
}
