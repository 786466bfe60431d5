/** Words for agents, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IAgent } from '../api/types';
import { usable, type Issued } from './choices';

/** Whether an agent works, or why not; `issued` are the providers that give it an account. */
export function agentState(
  trans: TranslationBundle,
  agent: IAgent,
  issued?: Issued
): string {
  if (!usable(agent) && usable(agent, issued)) {
    return trans.__('ready, with a key of Models');
  }
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
