import * as React from 'react';

import type { IAgent, IDevice } from '../api/types';
import { doneIcon, failedIcon, warnIcon } from '../icons';
import { agentState } from '../model/agentWords';
import { usable } from '../model/choices';
import { unhidden } from '../model/text';
import { AgentHelp } from './AgentHelp';
import { useTrans } from './face';

/** An agent of a device: whether it works, and what makes it work. */
export function AgentLine(props: {
  agent: IAgent;
  device: IDevice;
}): React.ReactElement {
  const trans = useTrans();
  const { agent } = props;
  const works = usable(agent);
  const version = agent.version && !agent.practice ? ` ${agent.version}` : '';
  return (
    <li className="wegent-Agent" data-agent-id={agent.id} data-ready={works}>
      <AgentMark agent={agent} />
      <div>
        <div>
          <span title={agent.path ? unhidden(agent.path) : undefined}>
            {agent.name + version}
          </span>{' '}
          <span className="wegent-AgentState">{agentState(trans, agent)}</span>
        </div>
        {!works && <AgentHelp {...props} />}
      </div>
    </li>
  );
}

/** How an agent stands, as a sign beside the words. */
export function AgentMark(props: { agent: IAgent }): React.ReactElement {
  const { agent } = props;
  const Icon = usable(agent) ? doneIcon : agent.ready ? warnIcon : failedIcon;
  return <Icon.react tag="span" className="wegent-Mark" aria-hidden />;
}
