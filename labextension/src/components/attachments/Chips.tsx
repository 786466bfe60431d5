import { closeIcon, refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IUpload, Uploads } from '../../model/uploads';
import { size, unhidden } from '../../model/text';
import { useTrans } from '../face';
import { IconButton } from '../IconButton';
import { Thumbnail } from './Thumbnail';

/** The files that go with a message: how each stands, and how to leave it out. */
export function Chips(props: {
  uploads: Uploads;
  list: readonly IUpload[];
}): React.ReactElement | null {
  const trans = useTrans();
  const { uploads, list } = props;
  return list.length > 0 ? (
    <ul className="wegent-Chips" aria-label={trans.__('Attached files')}>
      {list.map(upload => (
        <Chip
          key={upload.key}
          upload={upload}
          onRetry={() => uploads.retry(upload.key)}
          onRemove={() => uploads.remove(upload.key)}
        />
      ))}
    </ul>
  ) : null;
}

function Chip(props: {
  upload: IUpload;
  onRetry: () => void;
  onRemove: () => void;
}): React.ReactElement {
  const trans = useTrans();
  const { upload } = props;
  const name = unhidden(upload.name);
  return (
    <li className="wegent-Chip" data-state={upload.state}>
      <Thumbnail url={upload.file} type={upload.file.type} />
      <span className="wegent-ChipWords">
        <span className="wegent-Title" title={name}>
          {name}
        </span>
        <span className="wegent-Small">
          {upload.state === 'uploading'
            ? trans.__('Uploading…')
            : size(upload.file.size)}
        </span>
      </span>
      <IconButton
        icon={closeIcon}
        label={trans.__('Remove %1', name)}
        onClick={props.onRemove}
      />
      {upload.problem && (
        <span className="wegent-ChipProblem">
          <span className="wegent-Wrong" role="alert">
            {trans.__('Not uploaded: %1', upload.problem.message)}
          </span>
          {upload.again && (
            <IconButton
              icon={refreshIcon}
              label={trans.__('Try %1 again', name)}
              text={trans.__('Try again')}
              onClick={props.onRetry}
            />
          )}
        </span>
      )}
    </li>
  );
}
