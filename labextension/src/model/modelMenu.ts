import type { TranslationBundle } from '@jupyterlab/translation';

import type { ModelRest } from '../api/modelRest';
import type { IModelChoice } from '../api/models';
import type { PersonalRest } from '../api/personalRest';
import type { IAgent } from '../api/types';
import type { Issued } from './choices';
import { Observable } from './observable';

/** The scripted model, which nobody chooses from a list. */
export const PRACTICE_MODEL = 'practice';

export interface IMenu {
  items: readonly IModelChoice[];
  /** Codex uses the person's own login on its device, whatever the default model is. */
  ownCodex: boolean;
}

export interface IModelOption {
  /** Empty: none is named. */
  value: string;
  label: string;
  title?: string;
}

/** The models that a message may name, as the gateway last told. */
export class ModelMenu extends Observable<IMenu> {
  constructor(
    private readonly models: Pick<ModelRest, 'choices'>,
    private readonly personal: Pick<PersonalRest, 'codex'>
  ) {
    super({ items: [], ownCodex: false });
  }

  /** Ask for them; those that are known stay where there is no answer. */
  async load(): Promise<void> {
    const mine = ++this.newest;
    try {
      const { items } = await this.models.choices();
      const named = items.some(one => one.is_default && one.kind === 'openai');
      const ownCodex = named && (await this.personal.codex()).use_user_config;
      if (mine === this.newest) {
        this.replace({ items, ownCodex });
      }
    } catch {
      // The settings say what is wrong; a message can be sent without a model.
    }
  }

  private newest = 0;
}

/** The models of providers that an agent can use. */
export function modelsFor(
  { items }: IMenu,
  agent: IAgent | undefined
): IModelChoice[] {
  return items.filter(one => agent?.provider && one.kind === agent.provider);
}

/** The kinds of providers that give an account. */
export function issuedKinds({ items }: IMenu): Issued {
  return new Set(items.filter(one => one.issued).map(one => one.kind));
}

/** The picked model while the agent can use it, else none; one that brings an account where nothing else would. */
export function chooseModel(
  menu: IMenu,
  agent: IAgent | undefined,
  picked: string | null
): string {
  const models = modelsFor(menu, agent);
  if (picked !== null && models.some(one => one.model === picked)) {
    return picked;
  }
  const byLogin = agent !== undefined && usesOwnLogin(menu, agent);
  return byLogin && agent.logged_in === false && picked === null
    ? (models.find(one => one.issued)?.model ?? '')
    : '';
}

/** Whether a message with this model, or none, is answered by the account of a provider. */
export function usesIssued(
  menu: IMenu,
  agent: IAgent,
  model: string | null
): boolean {
  return model === null
    ? !usesOwnLogin(menu, agent)
    : modelsFor(menu, agent).some(one => one.model === model && one.issued);
}

/** Whether a message that names no model goes to the agent's own login. */
function usesOwnLogin(menu: IMenu, agent: IAgent): boolean {
  const named = modelsFor(menu, agent).find(one => one.is_default);
  const own = agent.provider === 'openai' && menu.ownCodex;
  return own || !named?.issued;
}

/** What can be chosen for a new task; nothing where there is no choice. */
export function modelOptions(
  trans: TranslationBundle,
  menu: IMenu,
  agent: IAgent | undefined
): IModelOption[] {
  const models = modelsFor(menu, agent);
  return models.length > 0 && agent
    ? [unnamed(trans, menu, agent), ...models.map(one => asOption(trans, one))]
    : [];
}

/** As `modelOptions`, for the next message of a task that has a model, or none. */
export function replyOptions(
  trans: TranslationBundle,
  menu: IMenu,
  agent: IAgent | undefined,
  current: string | null
): IModelOption[] {
  if (current === PRACTICE_MODEL) {
    return [];
  }
  const options = modelOptions(trans, menu, agent);
  const known = options.some(one => one.value === (current ?? ''));
  return known || current === null || options.length === 0
    ? options
    : [...options, { value: current, label: trans.__('%1 (gone)', current) }];
}

/** What happens without a name. */
function unnamed(
  trans: TranslationBundle,
  menu: IMenu,
  agent: IAgent
): IModelOption {
  const named = modelsFor(menu, agent).find(one => one.is_default);
  return named && !(agent.provider === 'openai' && menu.ownCodex)
    ? {
        value: '',
        label: trans.__('Default: %1', named.model),
        title: trans.__('The default model of your providers')
      }
    : {
        value: '',
        label: trans.__('Own login'),
        title: trans.__(
          'The model and the login that %1 has on the device',
          agent.name
        )
      };
}

function asOption(trans: TranslationBundle, one: IModelChoice): IModelOption {
  return {
    value: one.model,
    label: one.model,
    title: one.issued
      ? trans.__("By the provider's address and key")
      : trans.__("By the agent's own login on the device")
  };
}
