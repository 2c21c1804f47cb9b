"""The worker's entry: ``python -m backend.server.worker_process``, started by the broker only."""

from backend.server import worker

if __name__ == "__main__":
    # Loading torch takes seconds: first watch the broker, so that its death meanwhile is noticed.
    orders = worker.take_orders()
    from backend.server.engine import load

    worker.main(orders, load)
