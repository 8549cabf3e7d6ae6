// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same records as sigtrace.bpf.c sends, for kernels without BTF: compiled on the target by bcc
 * (tracer/sources/bcc/source.py), from nothing but the tracepoints' own fields and helpers, so that it needs
 * no kernel headers. Nothing of a task_struct can be read here: which process a thread belongs to, when
 * it was born and who its parents are is learnt from births (and, for those born before, from /proc).
 *
 * bcc.py defines: SIGNALS and RESULTS (bit masks), SENDERS, TARGETS and EITHER (enum verdict_mode),
 * DESCRIBE, REFUSED, PROBES (0 or 1), and RING_PAGES where the kernel has ring buffers; without it
 * records go through a perf buffer (before v5.8), whose clock is CLOCK_MONOTONIC plus BOOT_OFFSET.
 */
#include "sigtrace.h"

#define CLONE_THREAD 0x00010000 /* include/uapi/linux/sched.h */
#define KTHREADD 2

#ifdef RING_PAGES
BPF_RINGBUF_OUTPUT(ring, RING_PAGES);
#define now() bpf_ktime_get_boot_ns()
#else
BPF_PERF_OUTPUT(ring);
#define now() (bpf_ktime_get_ns() + BOOT_OFFSET)
#endif

/* Of every thread: its process, and when and by whom that was born. Forgets the least used. */
struct birth {
	u64 start;
	u32 pid;
	u32 ppid;
	char comm[COMM_SIZE];
	u32 flags; /* enum signal_flag, of a sender */
	u32 reserved;
};

BPF_F_TABLE("lru_hash", u32, struct birth, births, 65536, 0);
BPF_F_TABLE("lru_hash", u32, u64, described, 16384, 0); /* pid to start */
BPF_F_TABLE("array", u32, u64, losses, LOSSES, LOSSES_FLAGS);
BPF_F_TABLE("hash", u32, u8, senders, SET_ROOM, 0);
BPF_F_TABLE("hash", u32, u8, targets, SET_ROOM, 0);
BPF_F_TABLE("hash", u32, u8, either, SET_ROOM, 0);
BPF_F_TABLE("percpu_array", u32, struct process_record, scratch, 1, 0);

/*
 * What finds no room in the ring is counted. A perf buffer does not tell us (perf_event_output() gives no
 * answer before v5.1): there everything sent is counted, and Python takes off what came.
 */
static inline void send(void *ctx, void *record, u32 size, u32 kind)
{
	u64 *count = losses.lookup(&kind);

#ifdef RING_PAGES
	if (ring.ringbuf_output(record, size, 0) && count)
		__sync_fetch_and_add(count, 1);
#else
	if (count)
		__sync_fetch_and_add(count, 1);
	ring.perf_submit(ctx, record, size);
#endif
}

TRACEPOINT_PROBE(task, task_newtask)
{
	u64 id = bpf_get_current_pid_tgid();
	u32 tid = args->pid, parent = id >> 32;
	struct birth *old, birth = {};

	if (args->clone_flags & CLONE_THREAD) {
		old = births.lookup(&parent);
		if (!old)
			return 0;
		birth = *old;
		birth.flags = 0;
	} else {
		birth.start = now();
		birth.pid = tid;
		birth.ppid = parent;
		birth.flags = parent == KTHREADD ? SENDER_KERNEL_THREAD : 0;
		bpf_get_current_comm(birth.comm, sizeof(birth.comm));
	}
	births.update(&tid, &birth);
	return 0;
}

/* exec and prctl(PR_SET_NAME). */
TRACEPOINT_PROBE(task, task_rename)
{
	u32 tid = args->pid;
	struct birth *birth = births.lookup(&tid);

	if (birth)
		bpf_probe_read_kernel(birth->comm, COMM_SIZE, args->newcomm);
	return 0;
}

/* What an exiting thread sends, its children's PR_SET_PDEATHSIG signals, comes after this. */
TRACEPOINT_PROBE(sched, sched_process_exit)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct birth *birth = births.lookup(&tid);

	if (birth)
		birth->flags |= SENDER_EXITING;
	return 0;
}

#if REFUSED || PROBES
struct sending {
	u32 call;
	s32 asked;
	s32 signal;
};

BPF_F_TABLE("lru_hash", u64, struct sending, sendings, 16384, 0); /* by pid and tid */

static inline int enter(u32 call, s32 asked, s32 signal)
{
	struct sending sending = { .call = call, .asked = asked, .signal = signal };
	u64 id = bpf_get_current_pid_tgid();

	sendings.update(&id, &sending);
	return 0;
}
#endif

#if DESCRIBE
/* Who bore it, as long as that lives: who is left behind has another parent, which is not known here. What comes from a
 * parent that ends right now (PR_SET_PDEATHSIG, kill_orphaned_pgrp()) is still from that. */
static inline struct birth *parent_of(struct birth *birth)
{
	u32 pid = birth->ppid, me = bpf_get_current_pid_tgid() >> 32;
	struct birth *parent = births.lookup(&pid);

	if (!pid || !parent || parent->start > birth->start)
		return NULL;
	return parent->flags & SENDER_EXITING && pid != me ? NULL : parent;
}

static inline void describe(void *args, u32 pid, struct birth *birth)
{
	struct birth *parent = parent_of(birth);
	u32 zero = 0;
	u64 *known = described.lookup(&pid), state = birth->start + !parent;
	struct process_record *record;
	struct birth *leader;

	if (known && *known == state)
		return;
	described.update(&pid, &state);
	record = scratch.lookup(&zero);
	if (!record)
		return;
	__builtin_memset(record, 0, __builtin_offsetof(struct process_record, text));
	record->type = RECORD_PROCESS;
	record->flags = LINEAGE_ONLY;
	record->pid = pid;
	record->start = birth->start;
	record->ppid = parent ? birth->ppid : 0;
	/* A thread may have a name of its own. */
	leader = births.lookup(&pid);
	if (leader && leader->start == birth->start)
		birth = leader;
	__builtin_memcpy(record->comm, birth->comm, COMM_SIZE);
#pragma unroll
	for (int i = 0; i < ANCESTORS; i++) {
		parent = parent_of(birth);
		if (!parent)
			break;
		record->ancestor[i].pid = birth->ppid;
		record->ancestor[i].start = parent->start;
		__builtin_memcpy(record->ancestor[i].comm, parent->comm, COMM_SIZE);
		record->ancestors = i + 1;
		birth = parent;
	}
	send(args, record, __builtin_offsetof(struct process_record, text), LOST_PROCESSES);
}
#endif

static inline void fill_sender(struct end *end, struct birth *birth)
{
	u64 id = bpf_get_current_pid_tgid();

	end->pid = id >> 32;
	end->tid = id;
	end->uid = bpf_get_current_uid_gid();
	end->start = birth ? birth->start : 0;
	bpf_get_current_comm(end->comm, sizeof(end->comm));
}

/* What is not known passes: the kernel's filter may be looser than Python's, never tighter. */
static inline bool wanted(u32 sender, u32 target)
{
	if (SENDERS == MODE_ONLY && !senders.lookup(&sender))
		return false;
	if (TARGETS && target && !targets.lookup(&target) == (TARGETS == MODE_ONLY))
		return false;
	return EITHER != MODE_ONLY || !target || either.lookup(&sender) || either.lookup(&target);
}

TRACEPOINT_PROBE(signal, signal_generate)
{
	u32 number = args->sig, tid = args->pid, sender, target = 0;
	struct signal_record record = {};
	struct birth *birth, *me;
	u64 id;

	if (number - 1 > 63 || !(SIGNALS >> (number - 1) & 1) || !(RESULTS >> args->result & 1))
		return 0;
	id = bpf_get_current_pid_tgid();
	sender = id >> 32;
	birth = births.lookup(&tid);
	if (birth)
		target = birth->pid;
	if (!wanted(sender, target))
		return 0;
	tid = id;
	me = births.lookup(&tid);
	record.type = RECORD_SIGNAL;
	record.time = now();
	record.signal = number;
	record.group = args->group;
	record.result = args->result;
	record.code = args->code;
	record.flags = me ? me->flags : 0;
#if REFUSED || PROBES
	struct sending *sending = sendings.lookup(&id);

	if (sending && sending->signal == number) {
		record.call = sending->call;
		record.asked = sending->asked;
		record.flags |= ASKED_KNOWN;
	}
#endif
	fill_sender(&record.sender, me);
	record.target.pid = target;
	record.target.tid = args->pid;
	record.target.uid = 0xffffffff;
	record.target.start = birth ? birth->start : 0;
	bpf_probe_read_kernel(record.target.comm, COMM_SIZE, args->comm);
#if DESCRIBE
	if (me && me->start && sender != target)
		describe(args, sender, me);
	if (birth)
		describe(args, target, birth);
#endif
	send(args, &record, sizeof(record), LOST_SIGNALS);
	return 0;
}

/* The OOM killer marks its victim microseconds after it has sent SIGKILL: mm/oom_kill.c. */
TRACEPOINT_PROBE(oom, mark_victim)
{
	struct oom_record record = { .type = RECORD_OOM };

	record.time = now();
	record.tid = args->pid;
	send(args, &record, sizeof(record), LOST_OOMS);
	return 0;
}

#if REFUSED || PROBES
/* Only 64-bit callers: the kernel's syscall tracepoints leave out compat calls (ftrace_syscall_enter). */
TRACEPOINT_PROBE(syscalls, sys_enter_kill) { return enter(CALL_KILL, args->pid, args->sig); }
TRACEPOINT_PROBE(syscalls, sys_enter_tkill) { return enter(CALL_TKILL, args->pid, args->sig); }
TRACEPOINT_PROBE(syscalls, sys_enter_tgkill) { return enter(CALL_TGKILL, args->tgid, args->sig); }
TRACEPOINT_PROBE(syscalls, sys_enter_rt_sigqueueinfo)
{
	return enter(CALL_RT_SIGQUEUEINFO, args->pid, args->sig);
}
TRACEPOINT_PROBE(syscalls, sys_enter_rt_tgsigqueueinfo)
{
	return enter(CALL_RT_TGSIGQUEUEINFO, args->tgid, args->sig);
}
TRACEPOINT_PROBE(syscalls, sys_enter_pidfd_send_signal)
{
	return enter(CALL_PIDFD_SEND_SIGNAL, args->pidfd, args->sig);
}

static inline int leave(void *args, long error)
{
	u64 id = bpf_get_current_pid_tgid();
	struct sending *sending = sendings.lookup(&id), call;
	struct call_record record = { .type = RECORD_CALL };
	struct birth *me;
	u32 pid = id >> 32, tid = id;

	if (!sending)
		return 0;
	call = *sending;
	sendings.delete(&id);
	if (error > 0 || error < -4095 || !(error ? REFUSED : PROBES && !call.signal))
		return 0;
	if ((u32)call.signal - 1 < 64 && !(SIGNALS >> (call.signal - 1) & 1))
		return 0;
	if (SENDERS == MODE_ONLY && !senders.lookup(&pid))
		return 0;
	me = births.lookup(&tid);
	record.time = now();
	record.error = error;
	record.call = call.call;
	record.asked = call.asked;
	record.signal = call.signal;
	fill_sender(&record.sender, me);
#if DESCRIBE
	if (me)
		describe(args, pid, me);
#endif
	send(args, &record, sizeof(record), LOST_CALLS);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_kill) { return leave(args, args->ret); }
TRACEPOINT_PROBE(syscalls, sys_exit_tkill) { return leave(args, args->ret); }
TRACEPOINT_PROBE(syscalls, sys_exit_tgkill) { return leave(args, args->ret); }
TRACEPOINT_PROBE(syscalls, sys_exit_rt_sigqueueinfo) { return leave(args, args->ret); }
TRACEPOINT_PROBE(syscalls, sys_exit_rt_tgsigqueueinfo) { return leave(args, args->ret); }
TRACEPOINT_PROBE(syscalls, sys_exit_pidfd_send_signal) { return leave(args, args->ret); }
#endif
