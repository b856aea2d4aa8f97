import { addressPolicy } from '../../runtime/addresses';

/** Tests connect to servers of their own on loopback; in the product that must be allowed by name. */
export const ALLOWED_ADDRESSES = '0.0.0.0/0,::/0,127.0.0.0/8,::1';
export const ANY_ADDRESS = addressPolicy({ allowed: ALLOWED_ADDRESSES.split(',') });
