import * as React from 'react';

import type { IAgent, IDevice } from '../api/types';
import { AgentHelp } from './AgentHelp';
import { useTrans } from './face';

/** Says that the chosen agent has no account there, and what helps. */
export function AgentHint(props: {
  agent: IAgent;
  device: IDevice;
}): React.ReactElement {
  const trans = useTrans();
  const { agent, device } = props;
  return (
    <div className="wegent-Hint wegent-AgentHint" data-level="warning">
      <p>{trans.__('%1 is not logged in on %2.', agent.name, device.name)}</p>
      <AgentHelp agent={agent} device={device} />
    </div>
  );
}
