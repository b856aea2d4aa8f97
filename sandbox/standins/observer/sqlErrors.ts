/** Numbers and texts of what the root service refuses (oceanbase:src/share/ob_errno.h). */
export const ENTRY_EXIST = [4017, 'Entry already exist'] as const;
export const ENTRY_NOT_EXIST = [4018, 'Entry not exist'] as const;
export const ZONE_INFO_NOT_EXIST = [4530, 'Zone info not exist'] as const;
export const NOT_ENOUGH_RESOURCE = [4624, 'machine resource is not enough to hold a new unit'] as const;
export const ALREADY_DELETED = [4628, 'server has already been deleted'] as const;
export const NOT_DELETING = [4629, 'server is not in deleting status'] as const;
export const NOT_IN_CLUSTER = [4630, 'server is not in the cluster'] as const;
export const SERVER_ZONE_NOT_MATCH = [4631, 'server zone not match'] as const;
/** Its number is OceanBase's, its words are ours. */
export const OVER_ZONE_LIMIT = [4632, 'zone number is over the limit'] as const;
export const ZONE_STATUS_NOT_MATCH = [4633, 'zone status not match'] as const;
export const ZONE_NOT_ACTIVE = [4655, 'zone not active'] as const;
export const ZONE_NOT_EMPTY = 4668;
