/** What the practice buttons send; the script language is in `wegent_jupyter/practice/script.py`. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ICreateTask } from '../api/types';

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

const FILL = '!slow 200 0.1';

/** One more than the slots of a device, so that the last waits. */
const FILL_COUNT = 6;

export function practiceLabel(
  trans: TranslationBundle,
  which: Practice
): string {
  return {
    stream: trans.__('Stream an answer'),
    write: trans.__('Write a file and run a command'),
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
    mode: 'full',
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
