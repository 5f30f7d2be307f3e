/** Name of the program in logs, and of the manager of what it writes in `metadata.managedFields`. */
export const PROGRAM = 'fairlead-allocator';
