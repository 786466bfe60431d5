import * as React from 'react';

interface IGuardState {
  error: Error | null;
}

/** Keeps what fails while it is rendered from taking everything else with it. */
export class Guard extends React.Component<
  { children: React.ReactNode },
  IGuardState
> {
  static getDerivedStateFromError(error: Error): IGuardState {
    return { error };
  }

  override state: IGuardState = { error: null };

  override render(): React.ReactNode {
    const { error } = this.state;
    return error ? (
      <div className="wegent-Problem" role="alert">
        {error.message}
      </div>
    ) : (
      this.props.children
    );
  }
}
