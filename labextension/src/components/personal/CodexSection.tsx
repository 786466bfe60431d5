import * as React from 'react';

import { useTrans } from '../face';
import { Thrown } from '../Problem';
import { DeviceLogins, useDeviceLogins } from './DeviceLogins';
import { SavedLogin } from './SavedLogin';
import { useCodexConfig } from './useCodexConfig';

/** With which account Codex works, device by device. */
export function CodexSection(): React.ReactElement {
  const trans = useTrans();
  const config = useCodexConfig();
  const logins = useDeviceLogins();
  return (
    <section className="wegent-Settings" aria-labelledby="wegent-codex">
      <header>
        <h2 id="wegent-codex">{trans.__('Codex')}</h2>
      </header>
      <section className="wegent-Part" aria-labelledby="wegent-codex-devices">
        <h3 id="wegent-codex-devices">{trans.__('Log in on each device')}</h3>
        <p className="wegent-Hint">
          {trans.__(
            'The safest way: every device has a login of its own, which nothing else uses up.'
          )}
        </p>
        <DeviceLogins
          logins={logins}
          sends={
            config.value?.configured === true && config.value.use_user_config
          }
        />
      </section>
      <Thrown error={config.problem} />
      {config.value && (
        <SavedLogin
          config={config.value}
          from={config}
          logins={logins.value?.items ?? []}
        />
      )}
    </section>
  );
}
