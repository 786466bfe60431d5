import * as React from 'react';

import { proxyHelp } from '../../model/personalWords';
import { ago } from '../../model/words';
import { confirmed } from '../confirm';
import { useFace } from '../face';
import { useAction, useLoaded, useNow, useValue } from '../hooks';
import { Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import { SecretField } from '../SecretField';
import { Switch } from '../Switch';
import { TestFrom } from '../TestFrom';
import { useCodexConfig } from './useCodexConfig';

/** The proxy through which Codex reaches its vendor. */
export function ProxySection(): React.ReactElement {
  const { gateway, trans } = useFace();
  const rest = gateway.personalRest;
  const load = React.useCallback(() => rest.proxy(), [rest]);
  const news = useValue(gateway.news).proxy;
  const { value, problem, reload } = useLoaded(load, String(news));
  const config = useCodexConfig();
  const [url, setUrl] = React.useState('');
  const { busy, problem: refusal, run } = useAction();
  const now = useNow(30_000);
  const saved = value?.configured === true;
  const typed = url.trim();
  const set = async (to: string): Promise<void> => {
    await rest.setProxy(to);
    setUrl('');
    await Promise.all([reload(), config.reload()]);
  };
  const clear = async (): Promise<void> => {
    const title = trans.__('Clear the proxy?');
    const text = trans.__('Codex reaches its vendor directly from then on.');
    if (await confirmed(trans, title, text, trans.__('Clear'))) {
      await set('');
    }
  };
  return (
    <section className="wegent-Settings" aria-labelledby="wegent-proxy">
      <header>
        <h2 id="wegent-proxy">{trans.__('Proxy')}</h2>
      </header>
      <p className="wegent-Hint">
        {trans.__(
          'For networks in which Codex reaches its vendor through a proxy only. It may have a name and a password: it is encrypted here, and never shown again.'
        )}
      </p>
      <Thrown error={problem} />
      {value && (
        <dl className="wegent-Known">
          <dt>{trans.__('Saved proxy')}</dt>
          <dd
            className={saved ? 'wegent-mod-code' : undefined}
            data-configured={saved}
          >
            {value.proxy_url_masked ?? trans.__('none')}
          </dd>
          {value.proxy_updated_at && saved && (
            <>
              <dt>{trans.__('Saved')}</dt>
              <dd>{ago(trans, value.proxy_updated_at, now)}</dd>
            </>
          )}
        </dl>
      )}
      <form
        className="wegent-Form"
        onSubmit={event => {
          event.preventDefault();
          run(() => set(typed));
        }}
      >
        <div className="wegent-Row wegent-ProxyRow">
          <SecretField
            label={trans.__('Address of the proxy')}
            placeholder={
              saved
                ? trans.__(
                    'another one, such as http://name:password@host:3128'
                  )
                : trans.__('such as http://name:password@host:3128')
            }
            maxLength={2048}
            value={url}
            onChange={setUrl}
          />
          <PushButton
            submit
            accent
            text={trans.__('Save')}
            disabled={busy || !typed}
          />
          {saved && (
            <PushButton
              text={trans.__('Clear…')}
              disabled={busy}
              onClick={() => run(clear)}
            />
          )}
        </div>
        <Thrown error={refusal} />
      </form>
      {config.value && (
        <UseForCodex config={config.value} change={config.change} />
      )}
      <Thrown error={config.problem} />
      <section className="wegent-Part" aria-labelledby="wegent-proxy-test">
        <h3 id="wegent-proxy-test">{trans.__('Test from a device')}</h3>
        <p className="wegent-Hint">
          {typed
            ? trans.__('Tries what is typed above, which is not saved yet.')
            : trans.__(
                'Tries whether the device reaches the vendor of Codex through the saved proxy.'
              )}
        </p>
        <TestFrom
          key={typed}
          reason={saved || typed ? '' : trans.__('Save a proxy first.')}
          test={id => rest.testProxy(id, typed)}
        />
      </section>
    </section>
  );
}

function UseForCodex(props: {
  config: NonNullable<ReturnType<typeof useCodexConfig>['value']>;
  change: ReturnType<typeof useCodexConfig>['change'];
}): React.ReactElement {
  const { trans } = useFace();
  const { config, change } = props;
  const { use_user_config, use_proxy, proxy_configured } = config;
  return (
    <Switch
      label={trans.__('Use for Codex')}
      on={use_proxy}
      disabled={!proxy_configured && !use_proxy}
      help={proxyHelp(trans, config)}
      onChange={on => change({ use_user_config, use_proxy: on })}
    />
  );
}
