export { Slots } from '../runtime/slots';
