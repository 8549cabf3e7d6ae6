/* SPDX-License-Identifier: GPL-2.0-only */
/* What the signal says of itself. */
#ifndef SIGTRACE_SIGINFO_BPF_H
#define SIGTRACE_SIGINFO_BPF_H

#include "kernel.bpf.h"
#include "sender.bpf.h"
#include "sigtrace.h"

/*
 * SEND_SIG_NOINFO is (void *)0 and SEND_SIG_PRIV (void *)1: include/linux/sched/signal.h. Kernels differ in
 * what their verifiers take this argument for: up to v6.18 at least for a pointer that is never NULL (what is
 * done for NULL is dropped, reg_not_null(), kernel/bpf/verifier.c), in v7.2 for a number. So it is read
 * again where it is to be a number, and what it points to is read in a way that takes either.
 */
static __always_inline struct kernel_siginfo siginfo_at(__u64 address)
{
	struct kernel_siginfo read = {};

	if (CAN_CAST) {
		/* volatile: the verifier lets one field be read at a time. */
		const volatile struct kernel_siginfo *info = typed(kernel_siginfo, address);

		read.si_signo = info->si_signo;
		read.si_code = info->si_code;
		read.si_pid = info->si_pid;
		read.si_uid = info->si_uid;
	} else {
		bpf_probe_read_kernel(&read, sizeof(read), (void *)address);
	}
	return read;
}

/* The code that SEND_SIG_NOINFO and SEND_SIG_PRIV stand for: collect_signal() and TP_STORE_SIGINFO(). */
static __always_inline struct kernel_siginfo siginfo_of(__u64 *ctx)
{
	struct kernel_siginfo none = {};
	__u64 info = ctx[1];

	if (info > 1)
		return siginfo_at(info);
	bpf_probe_read_kernel(&info, sizeof(info), &ctx[1]);
	none.si_code = info ? SI_KERNEL : SI_USER;
	return none;
}

static __always_inline void fill_info(struct signal_record *record, __u64 *ctx)
{
	struct kernel_siginfo head = siginfo_of(ctx);

	record->code = head.si_code;
	if (!head.si_signo)
		return;
	record->flags |= INFO_KNOWN;
	record->si_pid = head.si_pid;
	record->si_uid = head.si_uid;
	record->address = (__u64)head.si_uid << 32 | (__u32)head.si_pid;
}

/*
 * What makes the truth in a siginfo look like a lie. pidfd_send_signal(2) and an honest sigqueue(3) write
 * the sender's pid and uid as its own namespaces number them; send_signal_locked() (kernel/signal.c)
 * writes 0 for a sender whom the target's pid namespace does not know, and maps the uid.
 */
static __always_inline void fill_truth(struct signal_record *record, struct task_struct *me,
				       struct task_struct *target)
{
	me = typed(task_struct, me);
	target = typed(task_struct, target);
	record->own_pid = own_pid(READ(me, group_leader));
	if (READ(target, thread_pid, level))
		record->flags |= TARGET_IN_PID_NS;
	if (READ(me, real_cred, user_ns, level) ||
	    READ(target, real_cred, user_ns, level))
		record->flags |= ENDS_IN_USER_NS;
}

#endif
