"""What a user does with a trained model."""

from .class_branch import build_class_branch
from .predict import Predictor, predict_images

__all__ = ['Predictor', 'build_class_branch', 'predict_images']
