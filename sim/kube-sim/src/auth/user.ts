/** Who asks: the result of authentication. */
export interface User {
  name: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

/** As reviews tell it. */
export const userInfo = ({ name, ...user }: User) => ({ username: name, ...user });
