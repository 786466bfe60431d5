import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { SkillAgent } from '../../api/skills';
import {
  SkillSearch,
  skillWord,
  slashAt,
  withWord,
  type ISkillPlace,
  type ISkillsFound
} from '../../model/skillSearch';
import { unhidden } from '../../model/text';
import { useFace } from '../face';
import { useValue } from '../hooks';
import type { ICompleter, ISuggestions } from './completer';

/** Completes `/name` from the skills that an agent has on its device, and writes it as that agent wants it. */
export function useSkillCompleter(place: ISkillPlace | null): ICompleter {
  const { gateway, trans } = useFace();
  const [search] = React.useState(() => new SkillSearch(gateway.skillRest));
  const found = useValue(search);
  const { deviceId, workspace = null, agent } = place ?? {};
  const ask = React.useCallback(
    (query: string) => {
      if (deviceId !== undefined && agent !== undefined) {
        search.ask({ deviceId, workspace, agent }, query);
      }
    },
    [search, deviceId, workspace, agent]
  );
  const stop = React.useCallback(() => search.stop(), [search]);
  return {
    name: trans.__('Skills'),
    enabled: place !== null,
    at: slashAt,
    ask,
    stop,
    found: found && agent ? suggestions(trans, found, agent) : null
  };
}

function suggestions(
  trans: TranslationBundle,
  found: ISkillsFound,
  agent: SkillAgent
): ISuggestions {
  return {
    items: found.items.map(skill => {
      const word = skillWord(skill, agent);
      const about = unhidden(skill.short_description || skill.description);
      return {
        key: skill.path,
        title: about,
        view: (
          <>
            <span className="wegent-Title">{unhidden(word)}</span>
            <span className="wegent-About">{about}</span>
          </>
        ),
        put: (text, mention) => withWord(text, mention, word)
      };
    }),
    hint: hint(trans, found)
  };
}

function hint(
  trans: TranslationBundle,
  { items, query, problem }: ISkillsFound
): string {
  if (problem) {
    return trans.__('Skills cannot be listed: %1', problem.message);
  }
  // Whoever goes on typing writes a path, or what a slash is for otherwise.
  return items.length === 0 && query === ''
    ? trans.__('This agent has no skills there')
    : '';
}
