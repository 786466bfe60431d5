import * as React from 'react';

import type { IAgent, IDevice } from '../api/types';
import { agentState } from '../model/agentWords';
import { usable, type Issued } from '../model/choices';
import { AgentHelp } from './AgentHelp';
import { AgentMark } from './AgentLine';
import { useTrans } from './face';
import { Choice, ChoiceList, Picker } from './Picker';

/** Who answers; those that cannot are there with the reason and what helps. */
export function AgentPicker(props: {
  agents: readonly IAgent[];
  agent: IAgent | undefined;
  device: IDevice | undefined;
  issued: Issued;
  onPick: (id: string) => void;
}): React.ReactElement {
  const trans = useTrans();
  const { agents, agent, device, issued, onPick } = props;
  return (
    <Picker
      label={trans.__('Agent')}
      question={trans.__('Choose an agent')}
      title={agent ? agentTitle(agentState(trans, agent, issued), agent) : ''}
      disabled={agents.length === 0}
      chosen={
        <>
          {agent && !usable(agent, issued) && <AgentMark agent={agent} />}
          <span className="wegent-Title">
            {agent?.name ?? trans.__('No agent ready')}
          </span>
        </>
      }
      choices={close => (
        <ChoiceList>
          {device &&
            agents.map(one => (
              <AgentChoice
                key={one.id}
                agent={one}
                device={device}
                issued={issued}
                chosen={one.id === agent?.id}
                close={close}
                onPick={() => {
                  onPick(one.id);
                  close();
                }}
              />
            ))}
        </ChoiceList>
      )}
    />
  );
}

function AgentChoice(props: {
  agent: IAgent;
  device: IDevice;
  issued: Issued;
  chosen: boolean;
  close: () => void;
  onPick: () => void;
}): React.ReactElement {
  const trans = useTrans();
  const { agent, device, issued, close } = props;
  return (
    <li
      className="wegent-AgentChoice"
      data-agent-id={agent.id}
      data-ready={agent.ready}
    >
      <Choice
        chosen={props.chosen}
        disabled={!agent.ready}
        onPick={props.onPick}
      >
        <span className="wegent-Title">{agent.name}</span>
        <span className="wegent-Small">{agentState(trans, agent, issued)}</span>
      </Choice>
      {!usable(agent, issued) && (
        <div className="wegent-ChoiceHelp">
          <AgentHelp agent={agent} device={device} onLeave={close} />
        </div>
      )}
    </li>
  );
}

function agentTitle(state: string, { name, version }: IAgent): string {
  return `${[name, version].filter(Boolean).join(' ')}: ${state}`;
}
