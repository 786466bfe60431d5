import * as React from 'react';

import { promptOf } from '../../model/comments';
import { useFace } from '../face';
import type { ICommenting } from './context';

/** Comments on lines, for the agent of a task. */
export function useCommenting(taskId: number): ICommenting {
  const { gateway, trans } = useFace();
  return React.useMemo(
    () => ({
      send: async (place, text) => {
        const prompt = promptOf(trans, '', [{ place, text }]);
        await gateway.rest.createTurn(taskId, { prompt });
      },
      keep: (place, text) => gateway.comments.add(taskId, place, text)
    }),
    [gateway, trans, taskId]
  );
}
