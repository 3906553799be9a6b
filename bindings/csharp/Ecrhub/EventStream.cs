using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Ecrhub
{
    /// <summary>Events between the waiting thread and the till: each goes once to whoever waits for the next one, or to the
    /// handlers, or stays until there is somebody.</summary>
    /// <remarks>Events that tell an outcome are kept without a limit; of all others the oldest go first past a thousand, as in
    /// the library.</remarks>
    internal sealed class EventStream
    {
        private const int MostOrdinary = 1000;

        private readonly object sync = new object();
        private readonly LinkedList<TerminalEvent> held = new LinkedList<TerminalEvent>();
        private readonly LinkedList<TaskCompletionSource<TerminalEvent>> takers =
            new LinkedList<TaskCompletionSource<TerminalEvent>>();
        private Action<TerminalEvent> handler;
        private int ordinary;
        private bool isHandling;
        private bool hasEnded;

        /// <summary>How many events wait here.</summary>
        public int Count
        {
            get
            {
                lock (sync)
                {
                    return held.Count;
                }
            }
        }

        public void Add(TerminalEvent happened)
        {
            lock (sync)
            {
                if (takers.Count > 0)
                {
                    TaskCompletionSource<TerminalEvent> taker = takers.First.Value;
                    takers.RemoveFirst();
                    taker.SetResult(happened);
                    return;
                }
                held.AddLast(happened);
                ordinary += happened.IsOutcome ? 0 : 1;
                DropOldest();
                StartHandling();
            }
        }

        /// <summary>Who gets events from now on that nobody waits for, one at a time, off this thread; null for nobody.
        /// </summary>
        public void SetHandler(Action<TerminalEvent> newHandler)
        {
            lock (sync)
            {
                handler = newHandler;
                StartHandling();
            }
        }

        /// <summary>The next event: at once when there is one, else when it happens.</summary>
        /// <remarks>Ends with a <see cref="TerminalDisposedException"/> when there can be none any more.</remarks>
        public void Take(TaskCompletionSource<TerminalEvent> taker)
        {
            lock (sync)
            {
                if (held.Count > 0)
                {
                    taker.SetResult(RemoveFirst());
                }
                else if (hasEnded)
                {
                    taker.SetException(Ended());
                }
                else
                {
                    takers.AddLast(taker);
                }
            }
        }

        /// <summary>Ends a wait for the next event; false when it has ended already, one way or the other.</summary>
        public bool Cancel(TaskCompletionSource<TerminalEvent> taker)
        {
            lock (sync)
            {
                return takers.Remove(taker);
            }
        }

        /// <summary>An event that was taken by somebody who cannot use it: it is the next one again.</summary>
        public void PutBack(TerminalEvent taken)
        {
            lock (sync)
            {
                held.AddFirst(taken);
                ordinary += taken.IsOutcome ? 0 : 1;
                StartHandling();
            }
        }

        /// <summary>Ends the waits for the next event with an error; events may still come.</summary>
        public void Fail(Func<Exception> error)
        {
            lock (sync)
            {
                while (takers.Count > 0)
                {
                    TaskCompletionSource<TerminalEvent> taker = takers.First.Value;
                    takers.RemoveFirst();
                    taker.SetException(error());
                }
            }
        }

        /// <summary>Whether a correction of this order's outcome waits here, and nobody has seen it.</summary>
        public bool HoldsClarification(string requestId)
        {
            lock (sync)
            {
                foreach (TerminalEvent happened in held)
                {
                    if (happened.Kind == EventKind.Clarified && happened.RequestId == requestId)
                    {
                        return true;
                    }
                }
                return false;
            }
        }

        /// <summary>Nothing more will happen. What waits here may still be taken.</summary>
        public void End()
        {
            lock (sync)
            {
                hasEnded = true;
                Fail(Ended);
            }
        }

        private static TerminalDisposedException Ended()
        {
            return new TerminalDisposedException(null, "the terminal was disposed: there are no more events");
        }

        private TerminalEvent RemoveFirst()
        {
            TerminalEvent first = held.First.Value;
            held.RemoveFirst();
            ordinary -= first.IsOutcome ? 0 : 1;
            return first;
        }

        private void DropOldest()
        {
            LinkedListNode<TerminalEvent> node = held.First;
            while (ordinary > MostOrdinary)
            {
                LinkedListNode<TerminalEvent> next = node.Next;
                if (!node.Value.IsOutcome)
                {
                    held.Remove(node);
                    ordinary--;
                }
                node = next;
            }
        }

        private void StartHandling()
        {
            if (handler != null && held.Count > 0 && !isHandling)
            {
                ThreadPool.UnsafeQueueUserWorkItem(_ => Handle(), null);
                // Only now: where that failed, the next event tries again.
                isHandling = true;
            }
        }

        private void Handle()
        {
            for (;;)
            {
                Action<TerminalEvent> handle;
                TerminalEvent first;
                lock (sync)
                {
                    isHandling = handler != null && held.Count > 0;
                    if (!isHandling)
                    {
                        return;
                    }
                    handle = handler;
                    first = RemoveFirst();
                }
                handle(first);
            }
        }
    }
}
