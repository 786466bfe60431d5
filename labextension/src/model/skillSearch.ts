/** `/skill` in a text that is being written. */

import type { SkillRest } from '../api/skillRest';
import type { ISkill, SkillAgent } from '../api/skills';
import type { IAgent, IDevice } from '../api/types';
import { asError } from './loaded';
import type { IMention } from './mentions';
import { Observable } from './observable';

/** What a list can hold that a person looks through. */
const LIMIT = 12;

/** How long a device's skills are taken as they were, in ms. */
const FRESH = 15_000;

/** A slash that begins a word, and what may be a name after it. */
const SLASH = /(?:^|\s)\/([\p{L}\p{N}._:-]*)$/u;

/** Whose skills are looked for: an agent that knows any, on a device, in a workspace or none. */
export interface ISkillPlace {
  deviceId: string;
  workspace: string | null;
  agent: SkillAgent;
}

export interface ISkillsFound {
  items: readonly ISkill[];
  query: string;
  /** Why they cannot be listed. */
  problem: Error | null;
}

/** Where the skills of an agent are; null where it has none that are known. */
export function skillPlace(
  device: IDevice | undefined,
  agent: IAgent | undefined,
  workspace: string | null
): ISkillPlace | null {
  return device && (agent?.id === 'claude' || agent?.id === 'codex')
    ? { deviceId: device.device_id, workspace, agent: agent.id }
    : null;
}

/** The `/name` that ends at the cursor. */
export function slashAt(text: string, cursor: number): IMention | null {
  const found = SLASH.exec(text.slice(0, cursor));
  const query = found?.[1];
  return query === undefined
    ? null
    : { start: cursor - query.length - 1, end: cursor, query };
}

/** How an agent is told to use a skill. */
export function skillWord(skill: ISkill, agent: SkillAgent): string {
  const { name, plugin_name } = skill;
  const whole =
    plugin_name && !name.includes(':') ? `${plugin_name}:${name}` : name;
  return (agent === 'codex' ? '$' : '/') + whole;
}

/** The text with a word in place of what was typed, and where the cursor goes. */
export function withWord(
  text: string,
  mention: IMention,
  word: string
): { text: string; cursor: number } {
  const before = text.slice(0, mention.start) + word;
  const rest = text.slice(mention.end);
  const space = /^\s/.test(rest) ? '' : ' ';
  return { text: before + space + rest, cursor: before.length + 1 };
}

/** Those of an agent whose name has the text in it: first those that begin with it, each name once. */
export function matching(
  skills: readonly ISkill[],
  agent: SkillAgent,
  query: string
): ISkill[] {
  const typed = query.toLowerCase();
  const place = (skill: ISkill): number => {
    const { name } = skill;
    const whole = skillWord(skill, agent).slice(1).toLowerCase();
    const starts = [whole, name.toLowerCase()].some(one =>
      one.startsWith(typed)
    );
    return starts ? 0 : whole.includes(typed) ? 1 : -1;
  };
  const seen = new Set<string>();
  return skills
    .filter(skill => skill.agents.includes(agent) && place(skill) >= 0)
    .sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name))
    .filter(skill => {
      const word = skillWord(skill, agent);
      return !seen.has(word) && seen.add(word);
    })
    .slice(0, LIMIT);
}

/** Finds skills while somebody types; a device is asked once, and again after a while. */
export class SkillSearch extends Observable<ISkillsFound | null> {
  constructor(
    private readonly rest: Pick<SkillRest, 'list'>,
    private readonly fresh = FRESH
  ) {
    super(null);
  }

  /** Look for a text. */
  ask(place: ISkillPlace, query: string): void {
    const mine = ++this.newest;
    void this.load(place).then(
      skills => {
        if (mine === this.newest) {
          const items = matching(skills, place.agent, query);
          this.replace({ items, query, problem: null });
        }
      },
      (error: unknown) => {
        if (mine === this.newest) {
          this.replace({ items: [], query, problem: asError(error) });
        }
      }
    );
  }

  /** Nothing is looked for any more. */
  stop(): void {
    this.newest++;
    this.replace(null);
  }

  private load(place: ISkillPlace): Promise<readonly ISkill[]> {
    const { deviceId, workspace } = place;
    const key = JSON.stringify([deviceId, workspace]);
    const { known } = this;
    if (known?.key === key && Date.now() - known.at < this.fresh) {
      return known.skills;
    }
    const skills = this.rest
      .list(deviceId, workspace ?? undefined)
      .then(({ items }) => items);
    const asked = { key, at: Date.now(), skills };
    this.known = asked;
    skills.catch(() => {
      if (this.known === asked) {
        this.known = null;
      }
    });
    return skills;
  }

  private known: {
    key: string;
    at: number;
    skills: Promise<readonly ISkill[]>;
  } | null = null;
  private newest = 0;
}
