import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IAgent, IDevice } from '../api/types';
import { Commands } from '../commands';
import { doneIcon, failedIcon, warnIcon } from '../icons';
import { usable } from '../model/choices';
import { hasTerminals } from '../model/labTerminal';
import { unhidden } from '../model/text';
import { AgentPath } from './AgentPath';
import { useFace, useTrans } from './face';
import { Fix } from './Problem';
import { PushButton } from './PushButton';

interface IAgentProps {
  agent: IAgent;
  device: IDevice;
}

/** An agent of a device: whether it works, and what makes it work. */
export function AgentLine(props: IAgentProps): React.ReactElement {
  const trans = useTrans();
  const { agent } = props;
  const works = usable(agent);
  const Icon = works ? doneIcon : agent.ready ? warnIcon : failedIcon;
  const version = agent.version && !agent.practice ? ` ${agent.version}` : '';
  return (
    <li className="wegent-Agent" data-agent-id={agent.id} data-ready={works}>
      <Icon.react tag="span" className="wegent-Mark" aria-hidden />
      <div>
        <span title={agent.path ? unhidden(agent.path) : undefined}>
          {agent.name + version}
        </span>
        <span className="wegent-AgentState">{stateOf(trans, agent)}</span>
        {!works && <Help {...props} />}
      </div>
    </li>
  );
}

function stateOf(trans: TranslationBundle, agent: IAgent): string {
  if (!agent.ready) {
    return agent.reason ?? trans.__('not ready');
  }
  if (agent.logged_in === null) {
    return trans.__('ready');
  }
  return agent.logged_in
    ? trans.__('ready, logged in')
    : (agent.reason ?? trans.__('not logged in'));
}

/** What makes the agent work. Only this computer has terminals here; for others there are commands to copy. */
function Help({ agent, device }: IAgentProps): React.ReactElement {
  const { trans, commands } = useFace();
  const [asksPath, askPath] = React.useState(false);
  const here = device.embedded && hasTerminals(commands);
  const install = agent.ready ? null : agent.install_command;
  const login = agent.logged_in === false ? agent.login_command : null;
  const { fix } = agent;
  const args = { device: device.device_id, agent: agent.id };
  const run = (command: string) => (): void =>
    void commands.execute(command, args);
  return (
    <>
      {fix && fix !== install && fix !== login && <Fix command={fix} />}
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
