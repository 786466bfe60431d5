import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IAgent } from '../api/types';
import { usable } from '../model/choices';
import { useTrans } from './face';
import { Select, type IOption } from './Select';

/** Who answers; those that cannot are there with the reason. */
export function AgentSelect(props: {
  agents: readonly IAgent[];
  agent: IAgent | undefined;
  onPick: (id: string) => void;
}): React.ReactElement {
  const trans = useTrans();
  return (
    <Select
      label={trans.__('Agent')}
      value={props.agent?.id ?? ''}
      options={agentOptions(trans, props.agents, props.agent)}
      onPick={props.onPick}
    />
  );
}

function agentOptions(
  trans: TranslationBundle,
  agents: readonly IAgent[],
  chosen: IAgent | undefined
): IOption[] {
  const options = agents.map(agent => ({
    value: agent.id,
    label: agentLabel(trans, agent),
    disabled: !agent.ready
  }));
  const none = { value: '', label: trans.__('No agent ready'), disabled: true };
  return chosen ? options : [none, ...options];
}

function agentLabel(trans: TranslationBundle, agent: IAgent): string {
  if (!agent.ready) {
    return trans.__('%1 (not ready)', agent.name);
  }
  return usable(agent)
    ? agent.name
    : trans.__('%1 (not logged in)', agent.name);
}
