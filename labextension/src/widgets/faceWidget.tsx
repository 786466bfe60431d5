import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { FaceContext, type IFace } from '../components/face';
import { Guard } from '../components/Guard';

/** A Lumino widget around one of our components. */
export class FaceWidget extends ReactWidget {
  constructor(
    private readonly face: IFace,
    private readonly content: React.ReactElement
  ) {
    super();
    this.addClass('wegent-Face');
  }

  protected override render(): React.ReactElement {
    return (
      <FaceContext.Provider value={this.face}>
        <Guard>{this.content}</Guard>
      </FaceContext.Provider>
    );
  }
}
