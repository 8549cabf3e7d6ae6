// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a signal is seen. What is recorded of it is in sigtrace.h, what is read of a process in
 * describe.h. Loaded by tracer/sources/core/load.py, without the programs that are not asked for.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "sigtrace.h"
#include "kernel.h"
#include "maps.h"
#include "sender.h"
#include "target.h"
#include "argv.h"
#include "describe.h"
#include "calls.h"

#define SIGHUP 1 /* asm-generic/signal.h; the machines that differ are not built for */
#define SIGCONT 18

static __always_inline bool is_ns_init(struct task_struct *task)
{
	task = typed(task_struct, task);
	/* Only zap_pid_ns_processes() asks, from the namespace's init while it exits. */
	return READ(task, thread_pid, level) &&
	       own_pid(READ(task, group_leader)) == 1;
}

static __always_inline bool leads_session(struct task_struct *me)
{
	me = typed(task_struct, me);
	return READ(me, signal, pids[PIDTYPE_SID]) ==
	       READ(me, group_leader, thread_pid);
}

static __always_inline __u32 sender_flags(struct task_struct *me, __u32 number)
{
	__u32 flags = SENDER_KNOWN, state = MINE(me, flags);

	if (state & PF_KTHREAD)
		flags |= SENDER_KERNEL_THREAD;
	if (state & PF_EXITING) {
		flags |= SENDER_EXITING;
		if (is_ns_init(me))
			flags |= SENDER_NS_INIT;
		if ((number == SIGHUP || number == SIGCONT) && leads_session(me))
			flags |= SENDER_LEADS_SESSION;
	}
	return flags;
}

/*
 * SEND_SIG_NOINFO is (void *)0 and SEND_SIG_PRIV (void *)1: include/linux/sched/signal.h. Kernels differ in
 * what their verifiers take this argument for: up to v6.18 at least for a pointer that is never NULL (what is
 * done for NULL is dropped, reg_not_null(), kernel/bpf/verifier.c), in v7.2 for a number. So it is read
 * again where it is to be a number, and what it points to is read in a way that takes either.
 */
static __always_inline struct kernel_siginfo siginfo_at(__u64 address)
{
	struct kernel_siginfo read = {};
#ifdef CASTS
	/* volatile: the verifier lets one field be read at a time. */
	const volatile struct kernel_siginfo *info = typed(kernel_siginfo, address);

	read.si_code = info->si_code;
	read.si_pid = info->si_pid;
	read.si_uid = info->si_uid;
#else
	bpf_probe_read_kernel(&read, sizeof(read), (void *)address);
#endif
	return read;
}

static __always_inline void fill_info(struct signal_record *record, __u64 *ctx)
{
	struct kernel_siginfo head;
	__u64 info = ctx[1];

	if (info <= 1) {
		bpf_probe_read_kernel(&info, sizeof(info), &ctx[1]);
		record->code = info ? 128 : 0;
		return;
	}
	head = siginfo_at(info);
	record->flags |= INFO_KNOWN;
	record->code = head.si_code;
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

static __always_inline bool one_of(void *map, __u32 sender, __u32 target)
{
	return bpf_map_lookup_elem(map, &sender) || bpf_map_lookup_elem(map, &target);
}

/*
 * Exclusions are decided for the target alone: what runs when a timer or a tty strikes is current, but
 * not the sender, and must not take the signal with it.
 */
static __always_inline bool wanted(__u32 number, int result, struct task_struct *target)
{
	__u32 sender = 0, pid = 0;

	if (!(filter.signals >> (number - 1) & 1) || !(filter.results >> result & 1))
		return false;
	if (filter.senders || filter.either)
		sender = bpf_get_current_pid_tgid() >> 32;
	if (filter.targets || filter.either)
		pid = target->tgid;
	if (filter.senders == MODE_ONLY && !bpf_map_lookup_elem(&senders, &sender))
		return false;
	if (filter.targets && !bpf_map_lookup_elem(&targets, &pid) == (filter.targets == MODE_ONLY))
		return false;
	if (filter.either == MODE_ONLY && !one_of(&either, sender, pid))
		return false;
	return filter.uids != MODE_ONLY ||
	       one_of(&uids, bpf_get_current_uid_gid(), typed(task_struct, target)->real_cred->uid.val);
}

static __always_inline void meet(__u64 *ctx, struct task_struct *me, const struct cred *my_cred,
				 struct task_struct *target, const struct cred *cred)
{
	__u64 address = bpf_get_current_task();
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct meeting meeting;

	if (pid && pid != (__u32)target->tgid && config.describe) {
		meeting = HAS_CURRENT_BTF ? meeting_with(me, my_cred) : meeting_at(typed(task_struct, address));
		if (met_first(pid, meeting, false) && describe(address, true, ON_SIGNAL))
			was_missed(pid);
	}
	if (met_first(target->tgid, meeting_with(target, cred), config.deaths) && config.describe) {
		/* The same pointer as a number: verified functions take no typed pointers before v6.9. */
		bpf_probe_read_kernel(&address, sizeof(address), &ctx[2]);
		if (describe(address, pid == (__u32)target->tgid, ON_SIGNAL))
			was_missed(target->tgid);
	}
}

SEC("tp_btf/signal_generate")
int on_signal(__u64 *ctx)
{
	__u32 number = ctx[0];
	struct task_struct *target = (void *)ctx[2];
	const struct cred *my_cred = NULL, *cred;
	struct task_struct *me;
	struct signal_record *record;
	struct syscall call;

	if (number - 1 > 63 || !wanted(number, ctx[4], target))
		return 0;
	cred = typed(task_struct, target)->real_cred;
	me = CURRENT_TASK;
	if (HAS_CURRENT_BTF)
		my_cred = typed(task_struct, me)->cred;
	if (config.describe || config.deaths)
		meet(ctx, me, my_cred, target, cred);
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count_loss(LOST_SIGNALS);
		return 0;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->type = RECORD_SIGNAL;
	record->time = bpf_ktime_get_boot_ns();
	record->signal = number;
	record->group = ctx[3];
	record->result = ctx[4];
	record->flags = target_flags(target, number, record->group);
	record->flags |= sender_flags(me, number);
	call = current_syscall(me);
	if (call.signal == (__s32)number || call.call == CALL_OTHER) {
		record->call = call.call;
		record->asked = call.asked;
		record->flags |= ASKED_KNOWN;
	}
	fill_info(record, ctx);
	if (writes_siginfo(record->call))
		fill_truth(record, me, target);
	fill_sender(&record->sender, me, my_cred);
	fill_target(&record->target, target, cred);
	submit(record);
	return 0;
}

/* wait(2)'s status of a process that is gone: wait_task_zombie(), kernel/exit.c. */
static __always_inline __u32 wait_status(struct task_struct *task)
{
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(task, signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

/*
 * The process is gone with its last thread: do_exit() counts signal->live down before this tracepoint.
 * Two threads may both find 0 here; only the first still finds the entry.
 */
static __always_inline int tell_exit(__u64 *ctx, __u32 again)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct exit_record *record;
	struct seen *met;
	bool watched;
	__u64 start;

	met = bpf_map_lookup_elem(&seen, &pid);
	if (!met || BPF_CORE_READ(task, signal, live.counter))
		return 0;
	start = BPF_CORE_READ(task, group_leader, start_boottime);
	watched = met->watched && met->start == start;
	if (bpf_map_delete_elem(&seen, &pid) || !watched)
		return 0;
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count_loss(LOST_EXITS);
		return 0;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->type = RECORD_EXIT;
	record->pid = pid;
	record->time = bpf_ktime_get_boot_ns();
	record->start = start;
	record->status = wait_status(task);
	BPF_CORE_READ_STR_INTO(&record->comm, task, group_leader, comm);
	submit(record);
	return 0;
}

TWICE(sched_process_exit, on_exit, tell_exit)

TWICE(sched_process_exec, on_exec, keep_argv)
TWICE(sched_process_free, on_free, forget_argv)

/*
 * The OOM killer marks its victim microseconds after it has sent SIGKILL: mm/oom_kill.c. The argument is
 * the victim's tid up to v6.8 and its task since; no task lies below the largest tid, PID_MAX_LIMIT.
 */
TRACEPOINT(mark_victim)
int on_oom(__u64 *ctx)
{
	struct oom_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	__u64 victim = 0;

	if (!record) {
		count_loss(LOST_OOMS);
		return 0;
	}
	bpf_probe_read_kernel(&victim, sizeof(victim), &ctx[0]);
	__builtin_memset(record, 0, sizeof(*record));
	record->type = RECORD_OOM;
	record->time = bpf_ktime_get_boot_ns();
	record->tid = victim;
	if ((__u32)(victim >> 32)) {
		record->pid = BPF_CORE_READ((struct task_struct *)victim, tgid);
		record->tid = BPF_CORE_READ((struct task_struct *)victim, pid);
	}
	submit(record);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
