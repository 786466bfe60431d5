import * as React from 'react';

import type { IApproval } from '../../api/types';
import { shortPath } from '../../model/workspace';
import { useFace } from '../face';
import { useValue } from '../hooks';

/** Folder and device for which an agent asks. */
export function Where(props: {
  approval: IApproval;
  narrow?: boolean;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { workspace, device_id } = props.approval;
  const devices = useValue(gateway.devices);
  const device = devices.find(one => one.device_id === device_id);
  const name = device?.name ?? trans.__('unknown device');
  return (
    <div className="wegent-ApprovalWhere" title={workspace ?? undefined}>
      {workspace === null
        ? name
        : trans.__(
            'in %1 · %2',
            props.narrow ? shortPath(workspace) : workspace,
            name
          )}
    </div>
  );
}
