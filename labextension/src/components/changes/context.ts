import * as React from 'react';

import type { ILinePlace } from '../../model/comments';

/** The turn whose changes are shown. */
export interface ITurnPlace {
  taskId: number;
  turnId: number;
  deviceId: string;
}

/** What can be done with a comment on a line. */
export interface ICommenting {
  /** Send it now. */
  send: (place: ILinePlace, text: string) => Promise<void>;
  /** Keep it for the next message. */
  keep: (place: ILinePlace, text: string) => void;
}

/** Null where nothing can be said. */
export const CommentingContext = React.createContext<ICommenting | null>(null);
