"""Numbers that balanced k-means is tuned with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Sizes of samples, temperatures and tolerances, each with its reason.

    Temperatures smooth the assignment (``prices.py``). Their unit is the
    typical margin, the difference of a point's two lowest priced costs: at a
    temperature of 1 a typical point hesitates, at 0.02 it does not.

    Attributes:
        typical_share: Share of the values whose mean is typical of them.
            The largest are left out, so that a few outliers of any size
            change no unit; a median would be 0 where most points are equal.
        longest: Norm, in units of the typical one, to which points of samples
            are shortened. A centre at an outlier, which balance allows to no
            cluster, would need a price that float32 costs do not resolve.
        start_rows: Points per cluster on which starts are tried. Fewer make
            a start noisy, more make the many steps slow.
        start_steps: Centre updates of a start, while the temperature falls
            from ``hot`` to ``cold``.
        start_draws: By number of clusters: how often a start is drawn. Few
            clusters fall into bad optima more often, and cost little.
        most_starts: A bound of that number, for few clusters.
        anneal_rows: Points per cluster on which the best start is improved;
            its centres are then good to an eleventh of a cluster's spread.
        anneal_steps: Centre updates of that, from ``warm`` to ``cold``.
        price_rows: Points per cluster on which prices are solved in the
            iterations over all points. The cost of a solution grows with
            their number; what they get wrong is corrected (``correction``).
        hot: First temperature. The assignment starts soft, so that the
            first centres do not matter much.
        warm: First temperature for centres that are good already.
        cold: Last temperature: nearly hard, and prices still solvable.
        coldest: Least temperature, in units of normalised squared distance.
            Float32 costs resolve no finer differences.
        first_spread: Temperature of the first prices, in standard deviations
            of a point's costs: centres without prices have no margins yet.
        anneal_tolerance: Share of points in a wrong cluster that is good
            enough before a centre update of an annealing.
        price_tolerance: The same in the iterations over all points.
        newton_steps: Evaluations of the dual at most per temperature.
        hessian_rows: Points from which the curvature of the dual is taken.
            Its error costs a few steps; the product of matrices that it is
            grows with their number and the square of that of the clusters.
        first_damping: Damping of the first Newton step, and
        least_damping: its bounds, as shares of the clusters' sizes. With
        most_damping: the most, a step is that of Sinkhorn's algorithm.
        stuck: Share of points in a wrong cluster above which a solution
            counts as failed and is sought at a higher temperature first.
        correction: How much of a surplus over all points the next shares of
            the sample make up for; 1 would chase the sampling noise.
        most_correction: Bounds of a cluster's share of the sample, around 1.
        wide_share: Share of the points near a boundary whose prices are
            solved once more in the end; they must hold all points that any
            solution moves.
        wide_costs: Costs that this may take in any case: of few points all
            are near a boundary.
        narrow_share: Share of those, the nearest, that are moved one by one.
        narrow_rows: Points per cluster that both may take in any case.
        round_temperature: First temperature of the last prices, which
            then falls by
        round_cooling: this factor until a point per two clusters is wrong.
        proved: A gap below this is rounding of float32 distances.
        chunk_rows: Points handled at a time. A pass over the points holds a
            few times their float32 rows and costs; many are needed for
            fast products of matrices.
        cached_numbers: Rows are kept as float32 while they have at most so
            many numbers (256 MiB), and are made anew in every pass otherwise.
    """

    typical_share: float = 0.99
    longest: float = 10.0
    start_rows: int = 48
    start_steps: int = 14
    start_draws: int = 64
    most_starts: int = 4
    anneal_rows: int = 128
    anneal_steps: int = 6
    price_rows: int = 96
    hot: float = 0.5
    warm: float = 0.1
    cold: float = 0.02
    coldest: float = 1e-6
    first_spread: float = 0.1
    anneal_tolerance: float = 0.04
    price_tolerance: float = 0.003
    newton_steps: int = 24
    hessian_rows: int = 8192
    first_damping: float = 0.02
    least_damping: float = 1e-5
    most_damping: float = 10.0
    stuck: float = 0.06
    correction: float = 0.5
    most_correction: tuple[float, float] = (0.6, 1.6)
    wide_share: float = 0.2
    wide_costs: int = 2**18
    narrow_share: float = 0.05
    narrow_rows: int = 64
    round_temperature: float = 0.05
    round_cooling: float = 0.35
    proved: float = 2e-7
    cached_numbers: int = 2**26
    chunk_rows: int = 8192


DEFAULT = Settings()
