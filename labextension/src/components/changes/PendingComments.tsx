import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { placeWords, type IComment } from '../../model/comments';
import { unhidden } from '../../model/text';
import { useTrans } from '../face';
import { IconButton } from '../IconButton';

/** The comments that go with the next message. */
export function PendingComments(props: {
  comments: readonly IComment[];
  onRemove: (comment: IComment) => void;
}): React.ReactElement {
  const trans = useTrans();
  return (
    <section
      className="wegent-Pending"
      aria-label={trans.__('Comments to send')}
    >
      <div className="wegent-Label">
        {trans._n(
          '%1 comment goes with the next message',
          '%1 comments go with the next message',
          props.comments.length
        )}
      </div>
      <ul className="wegent-List">
        {props.comments.map(comment => {
          const where = unhidden(placeWords(trans, comment.place)).replaceAll(
            '`',
            ''
          );
          return (
            <li key={comment.id}>
              <span className="wegent-PendingText">
                <span className="wegent-Small">{where}</span>
                <span>{comment.text}</span>
              </span>
              <IconButton
                icon={closeIcon}
                label={trans.__('Remove the comment on %1', where)}
                onClick={() => props.onRemove(comment)}
              />
            </li>
          );
        })}
      </ul>
    </section>
  );
}
