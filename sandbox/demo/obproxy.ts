/** The OBProxies of the demo (stand-ins): from 3.2.1 on one can hand over to another. */
export const DEMO_OBPROXY = { name: 'obproxy', version: '4.2.1.0', release: '11.el7' } as const;
