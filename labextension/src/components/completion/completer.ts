import type * as React from 'react';

import type { IMention } from '../../model/mentions';

/** Something that may take the place of what was typed. */
export interface ISuggestion {
  key: string;
  title: string;
  view: React.ReactNode;
  /** The text with it, and where the cursor goes. */
  put: (text: string, mention: IMention) => { text: string; cursor: number };
}

export interface ISuggestions {
  items: readonly ISuggestion[];
  /** Why there are none, or not all; empty where nothing is to be said. */
  hint: string;
}

/** One thing that is completed in a text. */
export interface ICompleter {
  /** What the list is called. */
  name: string;
  enabled: boolean;
  /** What ends at the cursor and can be completed. */
  at: (text: string, cursor: number) => IMention | null;
  /** Look for what was typed; stays the same while the place does. */
  ask: (query: string) => void;
  /** Nothing is looked for any more; stays the same. */
  stop: () => void;
  /** Null before there is an answer. */
  found: ISuggestions | null;
}
