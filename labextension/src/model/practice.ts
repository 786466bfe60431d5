/** What the practice buttons send; the script language is in `wegent_jupyter/practice/script.py`. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IAgent, ICreateTask, IDevice } from '../api/types';

export const PRACTICES = ['stream', 'write', 'fill'] as const;

export type Practice = (typeof PRACTICES)[number];

const STREAM = `!think I will stream a short text, word by word.
!slow 60 0.1
!say That was **Markdown**, sent in pieces:
!say - one
!say - two, with \`code\``;

const WRITE = `!say I will write hello.txt and list the folder.
!write hello.txt Hello from the practice agent
!bash ls -la && cat hello.txt`;

const MODEL = `!say I will ask, write a file and run a command, through the agent's own program.
!ask Which greeting? | Hello | Good day
!write hello.txt Hello from the practice model
!bash sed -i.old s/Hello/Greetings/ hello.txt && cat hello.txt`;

const FILL = '!slow 200 0.1';

/** One more than the slots of a device, so that the last waits. */
const FILL_COUNT = 6;

export function practiceLabel(
  trans: TranslationBundle,
  which: Practice
): string {
  return {
    stream: trans.__('Stream an answer'),
    write: trans.__('Write a file and ask me first'),
    fill: trans.__('Fill five slots and queue a sixth')
  }[which];
}

export function practiceTasks(
  trans: TranslationBundle,
  which: Practice
): ICreateTask[] {
  const task = (prompt: string, title: string): ICreateTask => ({
    prompt,
    title,
    agent: 'practice',
    mode: 'ask',
    workspace: {}
  });
  if (which === 'fill') {
    return Array.from({ length: FILL_COUNT }, (_, at) =>
      task(FILL, trans.__('Practice %1 of %2', at + 1, FILL_COUNT))
    );
  }
  const prompt = which === 'stream' ? STREAM : WRITE;
  return [task(prompt, practiceLabel(trans, which))];
}

/** The first agent of a device whose own program can be run with the practice model. */
export function practisable(device: IDevice | undefined): IAgent | undefined {
  return device?.agents.find(
    agent => agent.ready && agent.models.includes('practice')
  );
}

/** A task that goes through an agent's own program, though a script answers. */
export function modelTask(
  trans: TranslationBundle,
  device: IDevice,
  agent: IAgent
): ICreateTask {
  return {
    prompt: MODEL,
    title: trans.__('Practice with %1', agent.name),
    agent: agent.id,
    model: 'practice',
    mode: 'ask',
    device_id: device.device_id,
    workspace: {}
  };
}
