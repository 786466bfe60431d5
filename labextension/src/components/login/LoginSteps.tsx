import * as React from 'react';

import type { IAgentLogin } from '../../api/personal';
import type { AgentLogin } from '../../model/agentLogin';
import { unhidden } from '../../model/text';
import { doneIcon, ringIcon } from '../../icons';
import { CopyLine } from '../CopyLine';
import { useTrans } from '../face';
import { useValue } from '../hooks';
import { Problem, Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import { Step } from '../addDevice/Step';

/** Leads through an agent's login on a device: an address, a code, and what came of it. */
export function LoginSteps(props: {
  login: AgentLogin;
  agent: string;
  device: string;
}): React.ReactElement {
  const trans = useTrans();
  const { login, agent, device } = props;
  const { login: now, problem } = useValue(login);
  const again = (): void => void login.start();
  const root = React.useRef<HTMLDivElement>(null);
  const state = now?.state ?? null;
  React.useEffect(() => {
    // What had the focus may be gone with the state before.
    if (state === 'done' || state === 'failed' || state === 'cancelled') {
      root.current?.focus();
    }
  }, [state]);
  return (
    <div ref={root} tabIndex={-1} className="wegent-Login" data-state={state}>
      <p className="wegent-Hint">
        {trans.__(
          'This is a login of %1 alone: nothing is copied from another machine, and nothing is kept here.',
          device
        )}
      </p>
      {now ? (
        <Now login={now} agent={agent} device={device} onAgain={again} />
      ) : (
        !problem && (
          <p className="wegent-State" data-state="in_progress">
            <ringIcon.react tag="span" className="wegent-Mark" aria-hidden />
            {trans.__('Asking %1…', device)}
          </p>
        )
      )}
      <Thrown error={problem} />
      {problem && !now && (
        <div className="wegent-Buttons">
          <PushButton text={trans.__('Try again')} onClick={again} />
        </div>
      )}
      <p className="jp-sr-only" role="status">
        {now && spoken(now)}
      </p>
    </div>
  );

  function spoken({ state: one, code }: IAgentLogin): string {
    switch (one) {
      case 'waiting':
        return trans.__('The code is %1', code ?? '');
      case 'done':
        return trans.__('%1 is logged in on %2', agent, device);
      case 'cancelled':
        return trans.__('The login was called off');
      default:
        return '';
    }
  }
}

interface INowProps {
  login: IAgentLogin;
  agent: string;
  device: string;
  onAgain: () => void;
}

function Now(props: INowProps): React.ReactElement {
  const trans = useTrans();
  const { login, agent, device } = props;
  switch (login.state) {
    case 'starting':
      return (
        <p className="wegent-State" data-state="in_progress">
          <ringIcon.react tag="span" className="wegent-Mark" aria-hidden />
          {trans.__('%1 asks for a code…', agent)}
        </p>
      );
    case 'waiting':
      return <Waiting {...props} />;
    case 'done':
      return (
        <p className="wegent-State" data-state="completed">
          <doneIcon.react tag="span" className="wegent-Mark" aria-hidden />
          {trans.__('%1 is logged in on %2.', agent, device)}
        </p>
      );
    case 'cancelled':
    case 'failed':
    case 'none':
      return <Over {...props} />;
  }
}

function Waiting({ login }: INowProps): React.ReactElement {
  const trans = useTrans();
  const url = login.url ?? '';
  return (
    <>
      <ol className="wegent-Steps">
        <Step title={trans.__('Open this page, in any browser')}>
          {isWeb(url) && (
            <a
              className="wegent-LoginLink"
              href={url}
              target="_blank"
              rel="noopener noreferrer"
            >
              {trans.__('Open the page')}
            </a>
          )}
          <CopyLine text={url} />
        </Step>
        <Step title={trans.__('Log in there, and type this code')}>
          <div className="wegent-LoginCode">
            <CopyLine text={login.code ?? ''} />
          </div>
          <p className="wegent-Hint">
            {trans.__(
              'Only if you began this login yourself: whoever types the code lets this device use the account.'
            )}
          </p>
        </Step>
      </ol>
      <p className="wegent-State" data-state="in_progress">
        <ringIcon.react tag="span" className="wegent-Mark" aria-hidden />
        {trans.__('Waiting for you to confirm it there…')}
      </p>
    </>
  );
}

function Over({ login, onAgain }: INowProps): React.ReactElement {
  const trans = useTrans();
  return (
    <>
      {login.state === 'failed' ? (
        <Problem
          message={login.message ?? trans.__('The login failed.')}
          fix={login.fix}
        />
      ) : (
        <p className="wegent-Hint" data-level="warning">
          {login.state === 'cancelled'
            ? trans.__('The login was called off. Nothing was changed.')
            : trans.__('This login is no longer waited for.')}
        </p>
      )}
      <div className="wegent-Buttons">
        <PushButton accent text={trans.__('Try again')} onClick={onAgain} />
      </div>
    </>
  );
}

/** A device says which page it is: a browser may follow no other kind of address. */
function isWeb(url: string): boolean {
  return /^https?:\/\//i.test(unhidden(url));
}
