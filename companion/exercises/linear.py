"""Checks of the exercises of study 11, on linear autoencoders."""

from companion.exercises._verdict import Verdict, check, judge


@check
def check_gap(answer) -> Verdict:
    """Exercise S11.1: at which of the code sizes 5, 6, 8 and 10 the subspace is found in the fewest rounds."""
    return judge(
        answer,
        right=(6, "After the sixth variance comes the widest relative gap, a quarter: the angle shrinks fastest."),
        wrong=[
            (5, "The smallest code is not the fastest: the fifth and the sixth variance are close neighbours."),
            (8, "The eighth and the ninth variance differ by about 5 %, the narrowest gap of the four."),
            (10, "A larger code is not faster. Compare the variance of each code size with the next one."),
        ],
        otherwise="Choose one of the code sizes 5, 6, 8, 10.",
        expected="one of the code sizes 5, 6, 8, 10",
    )


@check
def check_narrowest(answer) -> Verdict:
    """Exercise S11.2: the training error of a linear autoencoder 784-64-2-8-2-64-784, trained to its minimum."""
    return judge(
        answer,
        right=(
            (43.4, 43.7),
            "The narrowest layer holds 2 numbers, so the error is the total less the two largest variances.",
        ),
        wrong=[
            (
                (29, 29.6),
                "That is the error of a code of 8. Does everything that reaches the code pass through 8 numbers?",
            ),
            ((8.8, 9.1), "That is the variance that is kept. The error is the variance that is dropped."),
            ((6.9, 7.1), "That is the error with 64 numbers, the widest of the hidden layers. Look for the narrowest."),
            (
                (52, 53),
                "That is the total variance: the error of a network that always answers with the average digit.",
            ),
            (
                (0.05, 0.06),
                "Divided by 784 you get the error per pixel. Give the squared error per image, a sum over pixels.",
            ),
        ],
        otherwise="Which rank has the product of all its matrices? Then look at the variances.",
        expected="a number, the squared error per image",
    )


@check
def check_tilted(answer) -> Verdict:
    """Exercise S11.3: the error of keeping a direction 30 degrees from the best one; covariance [[3, 1], [1, 3]]."""
    return judge(
        answer,
        right=(2.5, "The best error, 2, plus sin^2(30 degrees) times the gap, 4 - 2."),
        wrong=[
            (2, "That is the error along the best direction. This one is tilted by 30 degrees."),
            (3.5, "That is the variance that is kept, or the error at 60 degrees. How much is dropped at 30?"),
            (3, "You used sin instead of its square: variance is squared length. (Or: keeping one axis as it is.)"),
            (0.5, "That is what the tilt costs on top of the best error. Add the best error."),
            (1.25, "You averaged over the two coordinates. The squared error of a point is their sum."),
            (4, "That is the larger variance: the one that the best direction keeps."),
        ],
        otherwise="Along a unit vector q the variance is q'Cq. What is dropped is the rest.",
        tol=0.005,
    )
