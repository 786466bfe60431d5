import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IAgent, IDevice } from '../api/types';
import { Commands } from '../commands';
import { hasTerminals } from '../model/labTerminal';
import { AgentPath } from './AgentPath';
import { useFace } from './face';
import { Fix } from './Problem';
import { PushButton } from './PushButton';

/** What makes an agent work. Only this computer has terminals here; for others there are commands to copy. */
export function AgentHelp(props: {
  agent: IAgent;
  device: IDevice;
  /** Something else is shown from now on. */
  onLeave?: () => void;
}): React.ReactElement {
  const { trans, commands } = useFace();
  const { agent, device } = props;
  const [asksPath, askPath] = React.useState(false);
  const here = device.embedded && hasTerminals(commands);
  const install = agent.ready ? null : agent.install_command;
  const byCode = agent.device_login === true && agent.logged_in === false;
  const login =
    agent.logged_in === false && !byCode ? agent.login_command : null;
  const { fix } = agent;
  const args = { device: device.device_id, agent: agent.id };
  const run = (command: string) => (): void => {
    props.onLeave?.();
    void commands.execute(command, args);
  };
  const told = [install, login, agent.login_command];
  return (
    <>
      {fix && !told.includes(fix) && <Fix command={fix} />}
      {!here && install && <Fix command={install} />}
      {!here && login && <Fix command={login} />}
      <div className="wegent-Buttons">
        {here && install && (
          <PushButton
            text={installWord(trans, agent)}
            title={install}
            onClick={run(Commands.installAgent)}
          />
        )}
        {here && login && (
          <PushButton
            text={trans.__('Log in')}
            title={login}
            onClick={run(Commands.logIn)}
          />
        )}
        {byCode && (
          <PushButton
            text={trans.__('Log in…')}
            title={trans.__('Log in to %1 on %2', agent.name, device.name)}
            onClick={run(Commands.logIn)}
          />
        )}
        {agent.accepts_path && !agent.ready && !asksPath && (
          <PushButton
            text={trans.__('I have it…')}
            title={trans.__('Say where the program is')}
            onClick={() => askPath(true)}
          />
        )}
      </div>
      {asksPath && (
        <AgentPath {...{ agent, device }} onDone={() => askPath(false)} />
      )}
    </>
  );
}

function installWord(trans: TranslationBundle, agent: IAgent): string {
  return agent.install_mb === null
    ? trans.__('Install')
    : trans.__('Install, %1 MB', agent.install_mb);
}
