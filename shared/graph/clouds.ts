import type { Tenant } from '../model/tenant.ts';

export interface CloudAddresses {
  readonly graphUrl: string;
  readonly loginUrl: string;
}

/**
 * https://learn.microsoft.com/graph/deployments and
 * https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
 */
export const cloudAddresses: Readonly<Record<Tenant['cloud'], CloudAddresses>> = {
  global: {
    graphUrl: 'https://graph.microsoft.com',
    loginUrl: 'https://login.microsoftonline.com',
  },
  usgov: { graphUrl: 'https://graph.microsoft.us', loginUrl: 'https://login.microsoftonline.us' },
  usgovdod: {
    graphUrl: 'https://dod-graph.microsoft.us',
    loginUrl: 'https://login.microsoftonline.us',
  },
  china: {
    graphUrl: 'https://microsoftgraph.chinacloudapi.cn',
    loginUrl: 'https://login.partner.microsoftonline.cn',
  },
};
