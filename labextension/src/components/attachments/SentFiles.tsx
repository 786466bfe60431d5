import * as React from 'react';

import type { IAttachment } from '../../api/attachments';
import { size, unhidden } from '../../model/text';
import { useFace } from '../face';
import { Thumbnail } from './Thumbnail';

/** The files that went with a message, to be downloaded. */
export function SentFiles(props: {
  files: readonly IAttachment[];
}): React.ReactElement | null {
  const { gateway, trans } = useFace();
  return props.files.length > 0 ? (
    <ul className="wegent-Chips" aria-label={trans.__('Files of this message')}>
      {props.files.map(file => {
        const name = unhidden(file.name);
        const url = gateway.attachmentRest.url(file.id);
        return (
          <li key={file.id}>
            <a
              className="wegent-Chip"
              href={url}
              download={name}
              title={trans.__('Download %1', name)}
            >
              <Thumbnail url={url} type={file.type} />
              <span className="wegent-Title">{name}</span>
              <span className="wegent-Small">{size(file.size)}</span>
            </a>
          </li>
        );
      })}
    </ul>
  ) : null;
}
