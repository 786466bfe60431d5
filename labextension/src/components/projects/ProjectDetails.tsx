import * as React from 'react';

import type { IProject } from '../../api/projects';
import type { IDevice } from '../../api/types';
import { capabilityNotice } from '../../model/projectWords';
import { unhidden } from '../../model/text';
import { useTrans } from '../face';

/** What there is to know of a project, beyond its row. */
export function ProjectDetails(props: {
  project: IProject;
  device: IDevice | undefined;
}): React.ReactElement {
  const trans = useTrans();
  const { project, device } = props;
  const { path, config, warnings } = project;
  const notice = capabilityNotice(trans, device);
  return (
    <div className="wegent-ProjectDetails">
      <dl>
        {path && (
          <>
            <dt>{trans.__('Folder')}</dt>
            <dd className="wegent-mod-code">{unhidden(path)}</dd>
          </>
        )}
        {config.git && (
          <>
            <dt>{trans.__('Cloned from')}</dt>
            <dd className="wegent-mod-code">{unhidden(config.git.url)}</dd>
          </>
        )}
        {config.git?.branch && (
          <>
            <dt>{trans.__('Branch')}</dt>
            <dd className="wegent-mod-code">{unhidden(config.git.branch)}</dd>
          </>
        )}
      </dl>
      {warnings.map(warning => (
        <p key={warning} className="wegent-Hint" data-level="warning">
          {warning}
        </p>
      ))}
      {notice && <p className="wegent-Hint">{notice}</p>}
    </div>
  );
}
