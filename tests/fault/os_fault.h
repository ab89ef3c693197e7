/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_fault: the kernel with a fault.
 *
 *     struct os_fault fault;
 *     os_fault_at(&fault, nth, EIO, OS_FAULT_ONCE);    the nth call from now on fails
 *     ... what is tested ...
 *     os_fault_end(&fault);                            the real kernel again; fault.fired tells
 *
 * A sweep raises nth until a run meets no fault.  Calls that cannot lose data (close, the clocks)
 * are not counted.  One fault at a time, one thread.
 */
#ifndef FAULT_OS_FAULT_H
#define FAULT_OS_FAULT_H

#include <stdbool.h>

enum os_fault_kind {
	OS_FAULT_ONCE,     /* the nth call fails with the errno; later ones work */
	OS_FAULT_FOR_EVER, /* the nth call and all later ones fail */
	OS_FAULT_SHORT, /* the nth call, if it is a write of more than 1 byte, writes half; never errs */
	OS_FAULT_KILL, /* _exit(OS_FAULT_EXIT) just before the nth call: call it in a fork */
};

#define OS_FAULT_EXIT 77

struct os_fault {
	unsigned nth;
	unsigned calls; /* counted so far */
	int sys_errno;
	enum os_fault_kind kind;
	bool fired;
};

void os_fault_at(struct os_fault *fault, unsigned nth, int sys_errno, enum os_fault_kind kind);
void os_fault_end(struct os_fault *fault);

#endif
