import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IVersion } from '../api/types';
import type { IConnection } from '../model/gateway';
import { useFace } from './face';
import { useValue } from './hooks';
import { Fix } from './Problem';

/** Says why there is nothing to do here: connection lost, gateway elsewhere, starting or broken. */
export function GatewayNotice(): React.ReactElement | null {
  const { gateway, trans } = useFace();
  const connection = useValue(gateway.connection);
  const version = useValue(gateway.version);
  if (connection.state !== 'open') {
    return (
      <div className="wegent-Notice">
        <strong>
          {connection.state === 'first'
            ? trans.__('Connecting…')
            : trans.__('Reconnecting…')}
        </strong>
        <Reason connection={connection} />
      </div>
    );
  }
  return version && version.state !== 'running' ? (
    <div
      className={
        version.state === 'broken' ? 'wegent-Problem' : 'wegent-Notice'
      }
    >
      <Elsewhere version={version} />
    </div>
  ) : null;
}

function Reason(props: { connection: IConnection }): React.ReactElement | null {
  const { trans } = useFace();
  const { problem } = props.connection;
  if (!problem) {
    return null;
  }
  return (
    <>
      <span>{reasonText(trans, problem.status, problem)}</span>
      {problem.status === 404 && (
        <Fix command="jupyter server extension enable wegent_jupyter" />
      )}
    </>
  );
}

function reasonText(
  trans: TranslationBundle,
  status: number,
  problem: { code: string; message: string }
): string {
  if (problem.code === 'websocket') {
    return trans.__(
      'The server answers, but no WebSocket comes through. A proxy may block WebSockets.'
    );
  }
  if (problem.code === 'unreachable') {
    return trans.__('The Jupyter server does not answer.');
  }
  if (status === 404) {
    return trans.__('This Jupyter server has no Wegent server extension.');
  }
  return status === 401 || status === 403
    ? trans.__('You are not logged in any more: reload the page.')
    : problem.message;
}

function Elsewhere(props: { version: IVersion }): React.ReactElement {
  const { trans } = useFace();
  const { state, url, reason } = props.version;
  if (state === 'starting') {
    return <strong>{trans.__('Wegent is starting…')}</strong>;
  }
  if (state === 'broken') {
    return (
      <>
        <strong>{trans.__('Wegent cannot start')}</strong>
        <span>{reason}</span>
      </>
    );
  }
  return (
    <>
      <strong>{trans.__('Wegent runs in another Jupyter server')}</strong>
      <Address url={url} />
      <span>
        {trans.__(
          'It goes on there; this server takes over when that one ends.'
        )}
      </span>
    </>
  );
}

/** An address as text, and as a link where it is one of the web. */
function Address(props: { url: string | null }): React.ReactElement | null {
  const { url } = props;
  if (url === null || !/^https?:\/\//.test(url)) {
    return url === null ? null : <code>{url}</code>;
  }
  return (
    <a href={url} target="_blank" rel="noopener noreferrer">
      {url}
    </a>
  );
}
